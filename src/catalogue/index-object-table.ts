import type { Statement } from 'better-sqlite3'

import { idBytes } from '../model/ids.ts'
import type { ObjectId } from '../model/ids.ts'
import type { IndexedPack } from './blob-location.ts'
import type { CatalogueDatabase } from './database.ts'
import { toIdBytes } from './id-bytes.ts'
import { keyOrder } from './key-order.ts'
import { idBuffers, RowBatch } from './row-batch.ts'

/** Blobs of all new packs of one index object, as columns in the order of the object. */
interface NewBlobs {
  readonly ids: Buffer
  readonly packs: Float64Array
  readonly segments: Uint32Array
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
}

interface NewPack {
  readonly row: number
  readonly pack: IndexedPack
}

const blobColumns = ['id', 'pack', 'segment', 'offset', 'length']
const segmentColumns = ['pack', 'number', 'offset', 'payload_bytes', 'plain_bytes', 'codec', 'kind']

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

  /**
   * Takes in one index object, in one transaction. A pack that is known already is only noted under
   * this index object too.
   *
   * @returns False when the index object is known already; nothing is changed then.
   * @throws {RangeError} when columns have different lengths.
   */
  add(id: ObjectId, packs: readonly IndexedPack[]): boolean {
    return this.#database.write('add an index object', () => {
      const { sqlite } = this.#database
      const inserted = sqlite
        .prepare('INSERT OR IGNORE INTO index_object (id) VALUES (?)')
        .run(toIdBytes(id))
      if (inserted.changes === 0) return false
      const newPacks = this.#addPacks(Number(inserted.lastInsertRowid), packs)
      this.#addSegments(newPacks)
      this.#addBlobs(collectBlobs(newPacks))
      return true
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

  #addPacks(indexRow: number, packs: readonly IndexedPack[]): NewPack[] {
    const { sqlite } = this.#database
    const insertPack = sqlite.prepare('INSERT INTO pack (id, salt, bytes) VALUES (?, ?, ?)')
    // An index object may name a pack twice; once is enough to know.
    const link = sqlite.prepare(
      'INSERT OR IGNORE INTO pack_in_index (index_object, pack) VALUES (?, ?)',
    )
    const newPacks: NewPack[] = []
    for (const pack of packs) {
      const packId = toIdBytes(pack.packId)
      let row = this.#packRow.get(packId)
      if (row === undefined) {
        checkColumns(pack)
        row = Number(insertPack.run(packId, pack.salt, pack.packBytes).lastInsertRowid)
        newPacks.push({ row, pack })
      }
      link.run(indexRow, row)
    }
    return newPacks
  }

  #addSegments(newPacks: readonly NewPack[]): void {
    const rows = this.#segmentRows
    rows.start()
    for (const { row, pack } of newPacks) {
      const { offsets, payloadBytes, plainBytes, codecs, kinds } = pack.trailer
      for (let number = 0; number < offsets.length; number++) {
        const at = rows.next()
        rows.values[at] = row
        rows.values[at + 1] = number
        rows.values[at + 2] = offsets[number]
        rows.values[at + 3] = payloadBytes[number]
        rows.values[at + 4] = plainBytes[number]
        rows.values[at + 5] = codecs[number]
        rows.values[at + 6] = kinds[number]
      }
    }
    rows.finish()
  }

  /**
   * In the order of the keys: each page of the table is then read and written once, however large
   * it is.
   */
  #addBlobs(blobs: NewBlobs): void {
    const rows = this.#blobRows
    rows.start()
    for (const position of keyOrder(blobs.ids)) {
      const at = rows.next()
      const id = this.#idBuffers[at / blobColumns.length]
      blobs.ids.copy(id, 0, position * idBytes, (position + 1) * idBytes)
      rows.values[at] = id
      rows.values[at + 1] = blobs.packs[position]
      rows.values[at + 2] = blobs.segments[position]
      rows.values[at + 3] = blobs.offsets[position]
      rows.values[at + 4] = blobs.lengths[position]
    }
    rows.finish()
  }

  #dropUnnamedPacks(): number {
    const { sqlite } = this.#database
    const dropped = sqlite
      .prepare('DELETE FROM pack WHERE row NOT IN (SELECT pack FROM pack_in_index)')
      .run()
    if (dropped.changes === 0) return 0
    sqlite.exec(`
      DELETE FROM segment WHERE pack NOT IN (SELECT row FROM pack);
      DELETE FROM blob WHERE pack NOT IN (SELECT row FROM pack);
      DELETE FROM tree_entry WHERE page IN (
        SELECT row FROM tree_page AS t
        WHERE NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.id = t.id));
      DELETE FROM tree_page AS t WHERE NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.id = t.id);
      DELETE FROM name_list WHERE row NOT IN (SELECT names FROM tree_page WHERE names IS NOT NULL);
    `)
    return dropped.changes
  }
}

function checkColumns({ packId, salt, trailer }: IndexedPack): void {
  const segmentCount = trailer.offsets.length
  const { payloadBytes, plainBytes, blobCounts, codecs, kinds } = trailer
  const columns = [payloadBytes, plainBytes, blobCounts, codecs, kinds]
  let blobCount = 0
  for (let segment = 0; segment < segmentCount; segment++) blobCount += blobCounts[segment]
  if (
    salt.length !== idBytes ||
    columns.some((column) => column.length !== segmentCount) ||
    blobCount !== trailer.blobLengths.length ||
    trailer.ids.length !== blobCount * idBytes
  ) {
    throw new RangeError(`The columns of pack ${packId} do not fit together`)
  }
}

function collectBlobs(newPacks: readonly NewPack[]): NewBlobs {
  let count = 0
  for (const { pack } of newPacks) count += pack.trailer.blobLengths.length
  const blobs: NewBlobs = {
    ids: Buffer.allocUnsafe(count * idBytes),
    packs: new Float64Array(count),
    segments: new Uint32Array(count),
    offsets: new Uint32Array(count),
    lengths: new Uint32Array(count),
  }
  let position = 0
  for (const { row, pack } of newPacks) {
    const { blobCounts, blobLengths, ids } = pack.trailer
    blobs.ids.set(ids, position * idBytes)
    blobs.packs.fill(row, position, position + blobLengths.length)
    let blob = 0
    for (let segment = 0; segment < blobCounts.length; segment++) {
      let offset = 0
      for (const end = blob + blobCounts[segment]; blob < end; blob++, position++) {
        blobs.segments[position] = segment
        blobs.offsets[position] = offset
        blobs.lengths[position] = blobLengths[blob]
        offset += blobLengths[blob]
      }
    }
  }
  return blobs
}
