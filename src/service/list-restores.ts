import { listRestoreRecords } from '../monitoring/records/restore-records.ts'
import type { RestoreRecord } from '../model/backup-record.ts'
import type { Repository } from '../repository/repository.ts'

/** A restore with who did it and where it went. */
export interface Restoration extends RestoreRecord {
  readonly target: string
  /** Files that came back, also of those that the record does not name. */
  readonly files: number
  readonly bytes: number
  /** `user@host`; empty in records of earlier versions. */
  readonly who: string
  readonly via: string
}

/** Every restore, oldest first. */
export function listRestores(repository: Repository): Restoration[] {
  const journal = repository.catalogue.journal.list({ kind: 'restoration' }).toReversed()
  return listRestoreRecords(repository).map((restore, index) => {
    const { record } = journal[index]
    const actor = (record['actor'] ?? {}) as Record<string, unknown>
    const place = actor['address'] ?? actor['hostname']
    const user = typeof actor['user'] === 'string' ? actor['user'] : ''
    return {
      ...restore,
      target: typeof record['target'] === 'string' ? record['target'] : '',
      files: typeof record['files'] === 'number' ? record['files'] : 0,
      bytes: typeof record['bytes'] === 'number' ? record['bytes'] : 0,
      who: typeof place === 'string' ? `${user}@${place}` : user,
      via: typeof actor['via'] === 'string' ? actor['via'] : '',
    }
  })
}
