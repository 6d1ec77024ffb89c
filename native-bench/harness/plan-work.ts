import { join } from 'node:path'

import type { DeleteAndPruneRow, RestoreFileRow, RestoreRow, Row } from '../datasets/row.ts'
import { newRestoreTarget, type Contender } from './contender.ts'
import type { Command } from './measure-command.ts'
import { proveFileRestored, proveRestored } from './prove-restored.ts'

/** What a contender has to run for a row, and what is checked afterwards, outside the measurement. */
export interface Work {
  readonly commands: readonly Command[]
  check?(): void
}

export interface PlanOptions {
  readonly roundFolder: string
  /** Holds what the first snapshot holds. */
  readonly pristineFolder: string
  readonly isSparse: boolean
}

/**
 * The work of one contender for a row.
 * @returns Work without commands when its tool has no such operation.
 */
export function planWork(contender: Contender, row: Row, options: PlanOptions): Work {
  const { tool, site } = contender
  switch (row.kind) {
    case 'restore':
      return planRestore(contender, row, options)
    case 'restore-file':
      return planFileRestore(contender, row, options)
    case 'verify':
      return { commands: tool.verify?.(site) ?? [] }
    case 'delete-and-prune':
      return planDeletion(contender, row)
    case 'backup':
    case 'backup-series':
      break
  }
  return { commands: tool.backup(site) }
}

function planRestore(contender: Contender, row: RestoreRow, options: PlanOptions): Work {
  const { tool, site } = contender
  const isFirst = row.snapshot === 'first'
  const original = isFirst ? options.pristineFolder : site.source
  const snapshot = tool.snapshots(site).at(isFirst ? 0 : -1) ?? ''
  const target = newRestoreTarget(options.roundFolder)
  return {
    commands: tool.restore(site, { snapshot, target, original, isSparse: options.isSparse }),
    check: () => proveRestored(contender, target, original),
  }
}

function planFileRestore(
  contender: Contender,
  { path }: RestoreFileRow,
  { roundFolder }: PlanOptions,
): Work {
  const { tool, site } = contender
  if (tool.restoreFile === undefined) return { commands: [] }
  const snapshot = tool.snapshots(site).at(-1) ?? ''
  const target = newRestoreTarget(roundFolder)
  return {
    commands: tool.restoreFile(site, { snapshot, path, target }),
    check: () => proveFileRestored(contender, target, join(site.source, path)),
  }
}

function planDeletion({ tool, site }: Contender, { victims }: DeleteAndPruneRow): Work {
  if (tool.deleteAndPrune === undefined) return { commands: [] }
  // The latest is left out first, so that an odd number of snapshots keeps it, too.
  const others = tool.snapshots(site).slice(0, -1)
  const isVictim = (index: number): boolean => victims === 'all-but-latest' || index % 2 === 0
  return {
    commands: tool.deleteAndPrune(
      site,
      others.filter((_, index) => isVictim(index)),
    ),
  }
}
