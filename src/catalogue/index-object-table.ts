import type { Statement } from 'better-sqlite3'

import { idBytes } from '../model/ids.ts'
import type { ObjectId, PackId } from '../model/ids.ts'
import type { IndexedPack } from './blob-location.ts'
import type { BlobRuns } from './blob-runs.ts'
import type { CatalogueDatabase } from './database.ts'
import { toIdBytes } from './id-bytes.ts'
import { IndexIntake, type GatheredObject, type GatheredPack } from './index-intake.ts'
import { idBuffers, RowBatch } from './row-batch.ts'
import type { SegmentColumns } from './segment-columns.ts'

interface NewPack {
  readonly row: number
  readonly pack: GatheredPack
}

/** What came into the catalogue and had not been there. */
export interface EnteredIndexes {
  readonly objects: ReadonlySet<ObjectId>
  readonly packs: ReadonlySet<PackId>
}

const blobColumns = ['id', 'pack', 'segment', 'offset', 'length']
const segmentColumns = ['pack', 'number', 'offset', 'payload_bytes', 'plain_bytes', 'codec', 'kind']

/** Row numbers, given as one JSON text. */
const rowsGiven = '(SELECT value FROM json_each(?))'

/** Takes index objects in and out; packs, segments and blobs follow them. */
export class IndexObjectTable {
  readonly #database: CatalogueDatabase
  readonly #segmentRows: RowBatch
  readonly #blobRows: RowBatch
  readonly #idBuffers = idBuffers()
  readonly #packRow: Statement<[Buffer], number>

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#segmentRows = new RowBatch(database, 'segment', segmentColumns)
    this.#blobRows = new RowBatch(database, 'blob', blobColumns)
    this.#packRow = database.sqlite
      .prepare<[Buffer], number>('SELECT row FROM pack WHERE id = ?')
      .pluck()
  }

  /** An empty intake, for `addAll`. @param runBlobs how many blobs it sorts in memory */
  newIntake(runBlobs?: number): IndexIntake {
    return new IndexIntake(this.#database, runBlobs)
  }

  /**
   * Takes in one index object, in one transaction.
   *
   * @returns False when the index object is known already; nothing is changed then.
   * @throws {RangeError} when columns have different lengths.
   */
  add(id: ObjectId, packs: readonly IndexedPack[]): boolean {
    const intake = this.newIntake()
    try {
      intake.add(id, packs)
      return this.addAll(intake).objects.size > 0
    } finally {
      intake.close()
    }
  }

  /**
   * Takes in index objects, in one transaction. A pack that is known already is only noted under the index object too, and an index object
   * that is known already changes nothing.
   */
  addAll(intake: IndexIntake): EnteredIndexes {
    return this.#database.write('add index objects', () => {
      const insert = this.#database.sqlite.prepare(
        'INSERT OR IGNORE INTO index_object (id) VALUES (?)',
      )
      const objects = new Set<ObjectId>()
      // By the numbers of the intake; 0 where the blobs of a pack are in the catalogue already.
      const rows = new Float64Array(intake.packCount)
      const newPacks: NewPack[] = []
      for (const object of intake.objects) {
        const inserted = insert.run(toIdBytes(object.id))
        if (inserted.changes === 0) continue
        objects.add(object.id)
        for (const entered of this.#addPacks(Number(inserted.lastInsertRowid), object)) {
          rows[entered.pack.number] = entered.row
          newPacks.push(entered)
        }
      }
      this.#addSegments(newPacks, intake.segments)
      this.#addBlobs(intake.blobs, rows)
      return { objects, packs: new Set(newPacks.map(({ pack }) => pack.packId)) }
    })
  }

  /**
   * Takes out index objects and drops what no other index object names: packs, their segments and
   * blobs, and tree pages that are in no pack any more. Reads the whole blob table when packs are
   * dropped, so give all ids at once.
   *
   * @returns How many packs were dropped.
   */
  remove(ids: readonly ObjectId[]): number {
    return this.#database.write('remove index objects', () => {
      const { sqlite } = this.#database
      const unlink = sqlite.prepare(`
        DELETE FROM pack_in_index
        WHERE index_object = (SELECT row FROM index_object WHERE id = ?)`)
      const remove = sqlite.prepare('DELETE FROM index_object WHERE id = ?')
      for (const id of ids) {
        unlink.run(toIdBytes(id))
        remove.run(toIdBytes(id))
      }
      return this.#dropUnnamedPacks()
    })
  }

  #addPacks(indexRow: number, { packs }: GatheredObject): NewPack[] {
    const { sqlite } = this.#database
    const insertPack = sqlite.prepare(
      'INSERT INTO pack (id, salt, bytes, blobs, plain_bytes) VALUES (?, ?, ?, ?, ?)',
    )
    // An index object may name a pack twice; once is enough to know.
    const link = sqlite.prepare(
      'INSERT OR IGNORE INTO pack_in_index (index_object, pack) VALUES (?, ?)',
    )
    const newPacks: NewPack[] = []
    for (const pack of packs) {
      const packId = toIdBytes(pack.packId)
      let row = this.#packRow.get(packId)
      if (row === undefined) {
        const { salt, packBytes, blobCount, plainBytes } = pack
        const inserted = insertPack.run(packId, salt, packBytes, blobCount, plainBytes)
        row = Number(inserted.lastInsertRowid)
        newPacks.push({ row, pack })
      }
      link.run(indexRow, row)
    }
    return newPacks
  }

  #addSegments(newPacks: readonly NewPack[], segments: SegmentColumns): void {
    const rows = this.#segmentRows
    rows.start()
    for (const { row, pack } of newPacks) {
      segments.forEach(pack.firstSegment, pack.segmentCount, (number, columns) => {
        const at = rows.next()
        rows.values[at] = row
        rows.values[at + 1] = number
        rows.values[at + 2] = columns.offset
        rows.values[at + 3] = columns.payloadBytes
        rows.values[at + 4] = columns.plainBytes
        rows.values[at + 5] = columns.codec
        rows.values[at + 6] = columns.kind
      })
    }
    rows.finish()
  }

  /**
   * In the order of the keys: each page of the table is then read and written once, however large
   * it is.
   *
   * @param packRows by the numbers of the packs; what lies in one without a row is passed over
   */
  #addBlobs(blobs: BlobRuns, packRows: Float64Array): void {
    const rows = this.#blobRows
    rows.start()
    blobs.forEach((ids, idAt, places, placeAt) => {
      const pack = packRows[places[placeAt]]
      if (pack === 0) return
      const at = rows.next()
      const id = this.#idBuffers[at / blobColumns.length]
      ids.copy(id, 0, idAt, idAt + idBytes)
      rows.values[at] = id
      rows.values[at + 1] = pack
      rows.values[at + 2] = places[placeAt + 1]
      rows.values[at + 3] = places[placeAt + 2]
      rows.values[at + 4] = places[placeAt + 3]
    })
    rows.finish()
  }

  /**
   * By the rows that go and not by those that stay: every blob would be looked up among all packs, which past some 200,000 of them took two reads of
   * the disk's cache each.
   */
  #dropUnnamedPacks(): number {
    const { sqlite } = this.#database
    const dropped = sqlite
      .prepare<[], number>(
        'DELETE FROM pack WHERE row NOT IN (SELECT pack FROM pack_in_index) RETURNING row',
      )
      .pluck()
      .all()
    if (dropped.length === 0) return 0
    const rows = JSON.stringify(dropped)
    const hadPages = sqlite
      .prepare<[string]>(`SELECT 1 FROM segment WHERE pack IN ${rowsGiven} AND kind <> 0 LIMIT 1`)
      .get(rows)
    sqlite.prepare<[string]>(`DELETE FROM segment WHERE pack IN ${rowsGiven}`).run(rows)
    sqlite.prepare<[string]>(`DELETE FROM blob WHERE pack IN ${rowsGiven}`).run(rows)
    if (hadPages !== undefined) this.#dropPagesInNoPack()
    return dropped.length
  }

  #dropPagesInNoPack(): void {
    const { sqlite } = this.#database
    const gone = sqlite
      .prepare<[], number>(
        `DELETE FROM tree_page AS t WHERE NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.id = t.id)
         RETURNING row`,
      )
      .pluck()
      .all()
    if (gone.length === 0) return
    // By row: the contents of the pages that stay need not be read to know that they stay.
    const dropContent = sqlite.prepare<[number]>('DELETE FROM page_content WHERE page = ?')
    for (const row of gone) dropContent.run(row)
    sqlite
      .prepare<[string]>(`DELETE FROM page_reference WHERE page IN ${rowsGiven}`)
      .run(JSON.stringify(gone))
    sqlite.exec(
      'DELETE FROM name_list WHERE row NOT IN (SELECT names FROM tree_page WHERE names IS NOT NULL)',
    )
  }
}
