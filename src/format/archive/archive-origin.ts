import { backupTypes, type BackupType, type PathText } from '../../model/snapshot.ts'

/**
 * What an archive says of the snapshot that it was made from, in the comment of its global pax header: with it an import gives the same
 * snapshot again, and an export of that the same archive.
 */
export interface ArchiveOrigin {
  readonly backupId: string
  readonly type: BackupType
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly hostname: string
  readonly username: string
  /** What was saved whole, relative to the archive's root; the root itself is the empty text. */
  readonly paths: readonly PathText[]
  readonly tags: readonly string[]
  readonly description: string
  readonly excludes: readonly string[]
}

const mark = 'holdfast-snapshot '
/** Lists are left out of a comment that would be longer. */
const commentLengthMax = 1024 * 1024

export function encodeArchiveOrigin(origin: ArchiveOrigin): string {
  const whole = mark + JSON.stringify(toJson(origin))
  if (whole.length <= commentLengthMax) return whole
  return mark + JSON.stringify(toJson({ ...origin, paths: [], excludes: [], tags: [] }))
}

/** @returns undefined when the comment is about something else, or is not what `encodeArchiveOrigin` writes */
export function decodeArchiveOrigin(comment: Uint8Array): ArchiveOrigin | undefined {
  const text = Buffer.from(comment).toString('utf8')
  if (!text.startsWith(mark)) return undefined
  try {
    return fromJson(JSON.parse(text.slice(mark.length)) as Record<string, unknown>)
  } catch {
    return undefined
  }
}

function toJson(origin: ArchiveOrigin): Record<string, unknown> {
  return {
    backup_id: origin.backupId,
    backup_type: origin.type,
    started_at_ms: origin.startedAtMs,
    ended_at_ms: origin.endedAtMs,
    hostname: origin.hostname,
    username: origin.username,
    paths: origin.paths,
    tags: origin.tags,
    description: origin.description,
    excludes: origin.excludes,
  }
}

function fromJson(fields: Readonly<Record<string, unknown>>): ArchiveOrigin {
  const backupId = textOf(fields['backup_id'])
  if (!/^backup_\d{1,13}$/.test(backupId)) throw new RangeError('Not a backup id')
  const type = backupTypes.find((known) => known === fields['backup_type'])
  if (type === undefined) throw new RangeError('Not a backup type')
  return {
    backupId,
    type,
    startedAtMs: timeOf(fields['started_at_ms']),
    endedAtMs: timeOf(fields['ended_at_ms']),
    hostname: textOf(fields['hostname']),
    username: textOf(fields['username']),
    paths: listOf(fields['paths']).map(pathOf),
    tags: listOf(fields['tags']).map(textOf),
    description: textOf(fields['description']),
    excludes: listOf(fields['excludes']).map(textOf),
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new RangeError('Not a text')
  return value
}

function timeOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new RangeError('Not a time')
  }
  return value
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new RangeError('Not a list')
  return value as unknown[]
}

function pathOf(value: unknown): PathText {
  if (typeof value === 'string') return value
  const { base64 } = (value ?? {}) as { base64?: unknown }
  return { base64: textOf(base64) }
}
