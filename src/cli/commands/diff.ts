import { Argument, type Command } from 'commander'
import { setImmediate } from 'node:timers/promises'

import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { humanBytes, humanCount } from '../../foundation/human.ts'
import { formatPairs } from '../../foundation/table.ts'
import type { Change, ChangeKind, DiffSummary } from '../../operations/browse/diff-snapshots.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { jsonPath, jsonText, writeJsonLine, type JsonObject } from '../output/json.ts'
import { createLineWriter } from '../output/line-writer.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface DiffFlags {
  readonly path?: string
  readonly metadata?: true
  readonly stat?: true
}

export function defineDiff(command: Command, run: RunAction): void {
  command
    .addArgument(new Argument('<from>', 'the older snapshot'))
    .addArgument(new Argument('<to>', 'the newer snapshot'))
    .option('--path <path>', 'only this file or directory')
    .option('--metadata', 'also what changed only in owner, mode, times or attributes')
    .option('--stat', 'only the summary')
  addExamples(command, [
    ['holdfast diff latest~1 latest', 'show what the last backup found changed'],
    ['holdfast diff --path data/index 1a2b3c4d latest', 'compare one directory'],
    ['holdfast diff --stat backup_1790000000 latest', 'count only'],
  ])
  command.action((from: string, to: string, flags: DiffFlags) =>
    run(command, (session) => diff(session, [from, to], flags)),
  )
}

async function diff(
  session: Session,
  names: readonly [string, string],
  { path, metadata, stat }: DiffFlags,
): Promise<ExitStatus> {
  const { terminal, signal, isJson } = session
  await session.withRepository(async (library, repository) => {
    const from = await library.resolveSnapshot(repository, names[0])
    const to = await library.resolveSnapshot(repository, names[1])
    const changes = await library.diffSnapshots(repository, [from, to], {
      ...(path !== undefined && { path: session.rawArgument(path) }),
      metadata: metadata === true,
      signal,
    })
    const lines = createLineWriter(terminal)
    let next = changes.next()
    for (; next.done !== true; next = changes.next()) {
      if (terminal.isOutputClosed) return
      signal.throwIfAborted()
      if (stat === true) continue
      const line = isJson ? jsonText(changeJson(next.value)) : changeLine(next.value)
      if (lines.write(line)) await setImmediate()
    }
    lines.flush()
    if (isJson) writeJsonLine(terminal, summaryJson(next.value))
    else if (stat === true) terminal.writeOutput(formatPairs(summaryPairs(next.value)))
    else session.say(`\n${formatPairs(summaryPairs(next.value))}`)
  })
  return exitStatus.done
}

const letters: Readonly<Record<ChangeKind, string>> = {
  added: '+',
  removed: '-',
  modified: 'M',
  renamed: 'R',
  metadata: 'U',
}

/** Fixed widths: changes are printed as they come. */
function changeLine({ change, path, oldPath, kind, oldSize, newSize }: Change): string {
  const slash = kind === 'directory' ? '/' : ''
  const before = oldPath === null ? '' : `${escapeBytes(oldPath)}${slash} -> `
  const size = humanBytes(newSize ?? oldSize ?? 0).padStart(9)
  return `${letters[change]} ${size}  ${before}${escapeBytes(path)}${slash}`
}

function changeJson({ change, path, oldPath, oldSize, newSize, kind }: Change): JsonObject {
  return {
    message_type: 'change',
    change,
    ...jsonPath('path', path),
    ...(oldPath === null ? { old_path: null } : jsonPath('old_path', oldPath)),
    old_size: oldSize,
    new_size: newSize,
    kind,
  }
}

function summaryPairs(summary: DiffSummary): [string, string][] {
  return [
    ['Added', `${humanCount(summary.added)}, ${humanBytes(summary.bytesAdded)}`],
    ['Removed', `${humanCount(summary.removed)}, ${humanBytes(summary.bytesRemoved)}`],
    ['Modified', humanCount(summary.modified)],
    ['Renamed', humanCount(summary.renamed)],
    ...(summary.metadata > 0
      ? [['Metadata', humanCount(summary.metadata)] satisfies [string, string]]
      : []),
  ]
}

function summaryJson(summary: DiffSummary): JsonObject {
  const { added, removed, modified, renamed, metadata, bytesAdded, bytesRemoved } = summary
  return {
    message_type: 'summary',
    added,
    removed,
    modified,
    renamed,
    metadata,
    bytes_added: bytesAdded,
    bytes_removed: bytesRemoved,
  }
}
