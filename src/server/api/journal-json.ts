import { jsonTime } from '../../foundation/human.ts'
import type { RestoreRecord } from '../../model/backup-record.ts'
import type { JournalRecord } from '../../model/journal-record.ts'
import type * as answers from './answers.ts'

type Json = Readonly<Record<string, unknown>>

export function restoreJson(record: RestoreRecord): answers.RestoreRecord {
  return { ...record, restored_at: jsonTime(record.restored_at * 1000) }
}

/** Fields of a journal record are whatever somebody wrote; a list shows texts. */
export function accessJson(record: JournalRecord): answers.AccessRecord {
  const actor = (record['actor'] ?? {}) as Json
  return {
    at: jsonTime(record.atMs),
    action: textOf(record['action']),
    target: textOf(record['target']),
    result: textOf(record['result']),
    message: textOf(record['message']),
    count: typeof record['count'] === 'number' ? record['count'] : 1,
    actor: {
      via: textOf(actor['via']),
      user: textOf(actor['user']),
      hostname: textOf(actor['hostname']) || null,
      address: textOf(actor['address']) || null,
    },
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
