import { jsonTime } from '../foundation/human.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { Repository } from '../repository/repository.ts'

/** A line of the access log, ready for JSON. */
export interface AccessRecord {
  /** ISO 8601 */
  readonly at: string
  readonly action: string
  readonly target: string
  readonly result: string
  readonly message: string
  readonly via: string
  readonly user: string
  readonly hostname: string | null
  readonly address: string | null
  /** Of what is counted instead of being recorded one by one. */
  readonly count: number | null
}

export interface AccessFilters {
  readonly action?: string | undefined
  readonly user?: string | undefined
  readonly result?: string | undefined
  /** The newest so many. */
  readonly limit: number
}

/** Who did what, oldest first. */
export function listAccess(repository: Repository, filters: AccessFilters): AccessRecord[] {
  const { action, user, result, limit } = filters
  const isFiltered = (action ?? user ?? result) !== undefined
  return repository.catalogue.journal
    .list({ kind: 'access', ...(!isFiltered && { limit }) })
    .map(({ record }) => toAccess(record))
    .filter(
      (access) =>
        (action === undefined || access.action === action) &&
        (user === undefined || access.user === user) &&
        (result === undefined || access.result === result),
    )
    .slice(0, limit)
    .toReversed()
}

function toAccess(record: JournalRecord): AccessRecord {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
  const actor = (record['actor'] ?? {}) as Record<string, unknown>
  const { count } = record
  return {
    at: jsonTime(record.atMs) ?? '',
    action: text(record['action']) ?? '',
    target: text(record['target']) ?? '',
    result: text(record['result']) ?? '',
    message: text(record['message']) ?? '',
    via: text(actor['via']) ?? '',
    user: text(actor['user']) ?? '',
    hostname: text(actor['hostname']),
    address: text(actor['address']),
    count: typeof count === 'number' ? count : null,
  }
}
