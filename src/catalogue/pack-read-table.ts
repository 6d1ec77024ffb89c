import type { JournalRecord } from '../model/journal-record.ts'
import { packPrefixBytes } from '../model/journal-record.ts'
import type { PackId } from '../model/ids.ts'
import type { CatalogueDatabase } from './database.ts'
import { toHex } from './id-bytes.ts'

/** A pack that some index object names, and when it was last read and found whole. */
export interface PackReadRow {
  readonly row: number
  readonly id: PackId
  readonly bytes: number
  /** Null when nobody has read it yet. */
  readonly readAtMs: number | null
}

/** When packs were last read, out of the journal. */
export class PackReadTable {
  readonly #database: CatalogueDatabase

  constructor(database: CatalogueDatabase) {
    this.#database = database
  }

  /** Takes in a journal record of kind `check`; records of other kinds say nothing about packs. */
  add(record: JournalRecord): void {
    if (record.kind !== 'check' || typeof record['packsRead'] !== 'string') return
    const prefixes = Buffer.from(record['packsRead'], 'base64')
    this.#database.write('note which packs were read', () => {
      const insert = this.#database.sqlite.prepare<[Buffer, number]>(`
        INSERT INTO pack_read (prefix, at_ms) VALUES (?, ?)
        ON CONFLICT (prefix) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)`)
      for (let at = 0; at + packPrefixBytes <= prefixes.length; at += packPrefixBytes) {
        insert.run(prefixes.subarray(at, at + packPrefixBytes), record.atMs)
      }
    })
  }

  /** After a record is gone: what the others say. */
  rebuild(): void {
    this.#database.write('note which packs were read', () => {
      const { sqlite } = this.#database
      sqlite.exec('DELETE FROM pack_read')
      const texts = sqlite
        .prepare<[], string>("SELECT record FROM journal WHERE kind = 'check'")
        .pluck()
        .all()
      for (const text of texts) this.add(JSON.parse(text) as JournalRecord)
    })
  }

  /** Every pack that an index object names, in ascending order of ids. */
  list(): PackReadRow[] {
    const query = `
      SELECT p.row, p.id, p.bytes, r.at_ms FROM pack AS p
        LEFT JOIN pack_read AS r ON r.prefix = substr(p.id, 1, ${packPrefixBytes})
      ORDER BY p.id`
    return this.#database.guard('list packs', () =>
      this.#database.sqlite
        .prepare<[], [number, Buffer, number, number | null]>(query)
        .raw()
        .all()
        .map(([row, id, bytes, readAtMs]) => ({ row, id: toHex(id), bytes, readAtMs })),
    )
  }
}
