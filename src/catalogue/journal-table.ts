import type { Statement } from 'better-sqlite3'

import { isObjectId } from '../model/ids.ts'
import type { ObjectId, SnapshotId } from '../model/ids.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { CatalogueDatabase } from './database.ts'
import { toHex, toIdBytes } from './id-bytes.ts'

export interface JournalEntry {
  readonly id: ObjectId
  readonly record: JournalRecord
}

export interface JournalFilter {
  readonly kind?: JournalRecord['kind']
  readonly snapshotId?: SnapshotId
  /** The newest so many. */
  readonly limit?: number
}

/** The newest verification of a snapshot. */
export interface SnapshotVerification {
  readonly atMs: number
  /** `ok` when everything was right; empty when the record has no result. */
  readonly result: string
  readonly record: JournalRecord
}

/** What was done to the repository, one row for each journal object. */
export class JournalTable {
  readonly #database: CatalogueDatabase
  readonly #insert: Statement

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#insert = database.sqlite.prepare(`
      INSERT OR IGNORE INTO journal (id, kind, at_ms, snapshot_id, result, record)
      VALUES (?, ?, ?, ?, ?, ?)`)
  }

  /** @returns False when it is known already. */
  add(id: ObjectId, record: JournalRecord): boolean {
    const { snapshotId, result } = record
    // Fields beside kind and time come from whoever wrote the object, so their types are not
    // certain.
    const snapshot =
      typeof snapshotId === 'string' && isObjectId(snapshotId) ? toIdBytes(snapshotId) : null
    const resultText = typeof result === 'string' ? result : null
    return this.#database.write('add a journal record', () => {
      const text = JSON.stringify(record)
      return (
        this.#insert.run(toIdBytes(id), record.kind, record.atMs, snapshot, resultText, text)
          .changes > 0
      )
    })
  }

  /** @returns False when it was not there. */
  remove(id: ObjectId): boolean {
    return this.#database.write('remove a journal record', () => {
      const { sqlite } = this.#database
      return sqlite.prepare('DELETE FROM journal WHERE id = ?').run(toIdBytes(id)).changes > 0
    })
  }

  /** Newest first. */
  list(filter: JournalFilter = {}): JournalEntry[] {
    const query = `SELECT id, record FROM journal
      WHERE ($kind IS NULL OR kind = $kind)
        AND ($snapshot IS NULL OR snapshot_id = $snapshot)
      ORDER BY at_ms DESC, id DESC LIMIT $limit`
    const snapshot = filter.snapshotId === undefined ? null : toIdBytes(filter.snapshotId)
    return this.#database.guard('list journal records', () =>
      this.#database.sqlite
        .prepare<unknown[], [Buffer, string]>(query)
        .raw()
        .all({ kind: filter.kind ?? null, snapshot, limit: filter.limit ?? -1 })
        .map(([id, record]) => ({ id: toHex(id), record: JSON.parse(record) as JournalRecord })),
    )
  }

  verificationOf(snapshotId: SnapshotId): SnapshotVerification | undefined {
    const newest = this.list({ kind: 'verification', snapshotId, limit: 1 })[0]
    if (newest === undefined) return undefined
    const { atMs, result } = newest.record
    return { atMs, result: typeof result === 'string' ? result : '', record: newest.record }
  }
}
