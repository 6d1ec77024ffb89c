import type { Statement } from 'better-sqlite3'

import { isObjectId } from '../model/ids.ts'
import type { ObjectId, SnapshotId } from '../model/ids.ts'
import type { JournalRecord } from '../model/journal-record.ts'
import type { CatalogueDatabase } from './database.ts'
import { toIdBytes } from './id-bytes.ts'
import { PackReadTable } from './pack-read-table.ts'

export interface JournalEntry {
  readonly id: ObjectId
  readonly record: JournalRecord
}

export interface JournalFilter {
  readonly kind?: JournalRecord['kind']
  /** Null: about no snapshot. */
  readonly snapshotId?: SnapshotId | null
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
  readonly #packReads: PackReadTable

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#packReads = new PackReadTable(database)
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
      const values = [toIdBytes(id), record.kind, record.atMs, snapshot, resultText, text]
      if (this.#insert.run(...values).changes === 0) return false
      this.#packReads.add(record)
      return true
    })
  }

  /** @returns False when it was not there. */
  remove(id: ObjectId): boolean {
    return this.#database.write('remove a journal record', () => {
      const { sqlite } = this.#database
      const kind = sqlite
        .prepare<[Buffer], string>('DELETE FROM journal WHERE id = ? RETURNING kind')
        .pluck()
        .get(toIdBytes(id))
      if (kind === 'check') this.#packReads.rebuild()
      return kind !== undefined
    })
  }

  /** Newest first. */
  list(filter: JournalFilter = {}): JournalEntry[] {
    const { kind, snapshotId, limit = -1 } = filter
    // Conditions that do not hold for every filter would keep SQLite from using an index.
    const conditions = [
      ...(kind === undefined ? [] : ['kind = $kind']),
      ...(snapshotId === undefined ? [] : ['snapshot_id IS $snapshot']),
    ]
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const query = `SELECT lower(hex(id)), record FROM journal ${where}
      ORDER BY at_ms DESC, id DESC LIMIT $limit`
    const values = {
      limit,
      ...(kind !== undefined && { kind }),
      ...(snapshotId !== undefined && {
        snapshot: snapshotId === null ? null : toIdBytes(snapshotId),
      }),
    }
    return this.#database.guard('list journal records', () =>
      this.#database.sqlite
        .prepare<unknown[], [ObjectId, string]>(query)
        .raw()
        .all(values)
        .map(([id, record]) => ({ id, record: JSON.parse(record) as JournalRecord })),
    )
  }

  /** The newest record of a kind for each snapshot that has one. */
  newestBySnapshot(kind: JournalRecord['kind']): Map<SnapshotId, JournalRecord> {
    const query = `SELECT lower(hex(snapshot_id)), record, max(at_ms) FROM journal
      WHERE kind = ? AND snapshot_id IS NOT NULL GROUP BY snapshot_id`
    return this.#database.guard('list journal records', () => {
      const rows = this.#database.sqlite
        .prepare<[string], [SnapshotId, string, number]>(query)
        .raw()
        .all(kind)
      return new Map(rows.map(([id, record]) => [id, JSON.parse(record) as JournalRecord]))
    })
  }

  verificationOf(snapshotId: SnapshotId): SnapshotVerification | undefined {
    const newest = this.list({ kind: 'verification', snapshotId, limit: 1 })[0]
    if (newest === undefined) return undefined
    const { atMs, result } = newest.record
    return { atMs, result: typeof result === 'string' ? result : '', record: newest.record }
  }
}
