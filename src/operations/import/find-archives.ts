import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { isBackupId, type History, type HistoryRecord } from './read-history.ts'

const archiveName = /^backup_\d{1,12}\.(?:tar\.gz|tgz|tar)$/

export interface FoundArchive {
  readonly path: string
  readonly bytes: number
  readonly record: HistoryRecord | undefined
  /** Undefined when neither its name nor the history tells. */
  readonly backupId: string | undefined
}

/**
 * The archives that were named, and those in folders that were named, in the order of their ids.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 */
export function findArchives(paths: readonly string[], history: History): FoundArchive[] {
  const found = new Map<string, FoundArchive>()
  for (const path of paths.flatMap((given) => filesOf(given))) {
    if (!found.has(path.path)) found.set(path.path, { ...path, ...identify(path.path, history) })
  }
  return [...found.values()].sort((one, other) => secondsOf(one) - secondsOf(other))
}

function filesOf(path: string): { path: string; bytes: number }[] {
  try {
    const status = statSync(path)
    if (!status.isDirectory()) return [{ path, bytes: status.size }]
    return readdirSync(path)
      .filter((name) => archiveName.test(name))
      .map((name) => ({ path: join(path, name), bytes: statSync(join(path, name)).size }))
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    const state = code === 'ENOENT' ? 'no such file or folder' : code
    throw new HoldfastError('PATH_NOT_FOUND', `Cannot import "${escapeText(path)}": ${state}`, {
      remedy: 'Check the spelling; paths are relative to the working folder',
      cause,
    })
  }
}

function identify(path: string, history: History): Pick<FoundArchive, 'record' | 'backupId'> {
  const name = basename(path)
  const id = name.replace(/\.(?:tar\.gz|tgz|tar)$/, '')
  const record =
    history.records.get(id) ??
    [...history.records.values()].find(({ archiveName: known }) => known === name)
  return { record, backupId: record?.backupId ?? (isBackupId(id) ? id : undefined) }
}

function secondsOf({ backupId }: FoundArchive): number {
  return backupId === undefined ? Infinity : Number(backupId.slice('backup_'.length))
}
