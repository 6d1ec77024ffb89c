import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { basename } from 'node:path'
import { HoldfastError } from '../../foundation/errors.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { isBackupType, type BackupType } from '../../model/snapshot.ts'

/** What a history says of one backup, as far as it can be used. */
export interface HistoryRecord {
  readonly backupId: string
  /** Undefined for one that is not known. */
  readonly type: BackupType | undefined
  readonly createdAtMs: number | undefined
  /** Lower-case hex; empty when there is none. */
  readonly checksum: string
  readonly status: string
  readonly description: string
  readonly files: readonly string[] | null
  /** File name of the archive; empty when there is none. */
  readonly archiveName: string
  /** As it stands there, without its list of files. */
  readonly raw: Readonly<Record<string, unknown>>
}

export interface History {
  /** By id, in the order of the first lines. The last line for an id wins. */
  readonly records: ReadonlyMap<string, HistoryRecord>
  /** Lines that could not be read. */
  readonly brokenLines: readonly number[]
}

export const emptyHistory: History = { records: new Map(), brokenLines: [] }

/**
 * Reads a history of the documented system. Lines of other kinds, unknown fields and broken lines are passed over: it was written by programs
 * that were killed, and by hand.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` when the file cannot be read
 */
export async function readHistory(file: string): Promise<History> {
  const records = new Map<string, HistoryRecord>()
  const brokenLines: number[] = []
  let number = 0
  try {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity })
    for await (const line of lines) {
      number += 1
      if (line.trim() === '') continue
      const parsed = parseLine(line)
      if (parsed === undefined) brokenLines.push(number)
      else if (parsed !== null) records.set(parsed.backupId, parsed)
    }
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    throw new HoldfastError(
      'PATH_NOT_FOUND',
      `Cannot read history "${escapeText(file)}": ${code}`,
      {
        remedy: 'Name the history with --history, or check that it may be read',
        cause,
      },
    )
  }
  return { records, brokenLines }
}

/** @returns null for a line about something else, undefined for a broken one */
export function parseLine(line: string): HistoryRecord | null | undefined {
  let fields: Record<string, unknown>
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    fields = value as Record<string, unknown>
  } catch {
    return undefined
  }
  if (fields['type'] !== undefined && fields['type'] !== 'backup') return null
  const backupId = fields['backup_id']
  if (typeof backupId !== 'string' || !isBackupId(backupId)) return undefined
  return recordOf(backupId, fields)
}

export function isBackupId(text: string): boolean {
  return /^backup_\d{1,12}$/.test(text)
}

function recordOf(backupId: string, fields: Readonly<Record<string, unknown>>): HistoryRecord {
  const type = textOf(fields['backup_type'])
  const createdAt = fields['created_at']
  const metadata = (fields['metadata'] ?? {}) as Record<string, unknown>
  const { files } = fields
  const hasPaths = Array.isArray(files) && files.every((file) => typeof file === 'string')
  return {
    backupId,
    type: isBackupType(type) ? type : undefined,
    createdAtMs: isTime(createdAt) ? Math.round(createdAt * 1000) : undefined,
    checksum: textOf(fields['checksum']).toLowerCase(),
    status: textOf(fields['status']),
    description: textOf(fields['description']),
    files: hasPaths ? files : null,
    archiveName: basename(textOf(metadata['backup_path'])),
    raw: { ...fields, files: null },
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1e12
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
