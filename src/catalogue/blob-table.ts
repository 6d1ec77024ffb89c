import type { Statement } from 'better-sqlite3'

import { idBytes } from '../model/ids.ts'
import type { PackId } from '../model/ids.ts'
import type {
  BlobLocation,
  BlobLocations,
  BlobPlaces,
  PackRow,
  PackTotals,
  SegmentRow,
} from './blob-location.ts'
import { addToMark, markOfPlace, type PlacesMark } from './blob-mark.ts'
import type { CatalogueDatabase } from './database.ts'
import { CatalogueError } from './errors.ts'
import { asIdBuffer, toHex, toIdBytes } from './id-bytes.ts'
import { keyOrder } from './key-order.ts'

/** pack, segment, segment offset, payload bytes, plain bytes, codec, kind, offset, length. */
type LocationTuple = [number, number, number, number, number, number, number, number, number]
/** pack, segment, length, kind. */
type PlaceTuple = [number, number, number, number]
type PackTuple = [number, Buffer, Buffer, number]

const locationQuery = `
  SELECT b.pack, b.segment, s.offset, s.payload_bytes, s.plain_bytes, s.codec, s.kind,
    b.offset, b.length
  FROM blob AS b CROSS JOIN segment AS s ON s.pack = b.pack AND s.number = b.segment
  WHERE b.id = ?`
const placeQuery = `
  SELECT b.pack, b.segment, b.length, s.kind
  FROM blob AS b CROSS JOIN segment AS s ON s.pack = b.pack AND s.number = b.segment
  WHERE b.id = ? LIMIT 1`
const packQuery = 'SELECT row, id, salt, bytes FROM pack'
/** About 300 bytes each. A restore in file order comes back to the same packs all the time. */
const packsKept = 4_096
/** A pack has at most so many (docs/FORMAT.md, section 7). */
const segmentsPerPackMax = 65_536

function toPackRow([row, id, salt, bytes]: PackTuple): PackRow {
  return { row, id: toHex(id), salt, bytes }
}

/** Where blobs are: the look-ups over packs, segments and blobs. */
export class BlobTable {
  readonly #database: CatalogueDatabase
  readonly #find: Statement<[Buffer], LocationTuple>
  readonly #findPlace: Statement<[Buffer], PlaceTuple>
  readonly #has: Statement<[Buffer], number>
  readonly #packByRow: Statement<[number], PackTuple>
  readonly #packById: Statement<[Buffer], PackTuple>
  // Row numbers are never reused, so an entry can be out of date only for a pack that no blob names
  // any more.
  readonly #packs = new Map<number, PackRow>()

  constructor(database: CatalogueDatabase) {
    const { sqlite } = database
    this.#database = database
    this.#find = sqlite.prepare<[Buffer], LocationTuple>(`${locationQuery} LIMIT 1`).raw()
    this.#findPlace = sqlite.prepare<[Buffer], PlaceTuple>(placeQuery).raw()
    this.#has = sqlite.prepare<[Buffer], number>('SELECT 1 FROM blob WHERE id = ? LIMIT 1').pluck()
    this.#packByRow = sqlite.prepare<[number], PackTuple>(`${packQuery} WHERE row = ?`).raw()
    this.#packById = sqlite.prepare<[Buffer], PackTuple>(`${packQuery} WHERE id = ?`).raw()
  }

  has(id: Uint8Array): boolean {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a blob', () => this.#has.get(key) !== undefined)
  }

  /** Any one of the blob's locations. */
  find(id: Uint8Array): BlobLocation | undefined {
    const key = asIdBuffer(id)
    return this.#database.guard('look up a blob', () => {
      const tuple = this.#find.get(key)
      if (tuple === undefined) return undefined
      const pack = this.pack(tuple[0])
      if (pack !== undefined) return toLocation(tuple, pack)
      // Another process pruned between the two statements; on one state of the database they agree.
      return this.findAll(id)[0]
    })
  }

  /** Every location of the blob: when one is damaged, another may serve. */
  findAll(id: Uint8Array): BlobLocation[] {
    const key = asIdBuffer(id)
    const query = `${locationQuery} ORDER BY b.pack, b.segment, b.offset`
    return this.#database.read('look up a blob', () =>
      this.#database.sqlite
        .prepare<[Buffer], LocationTuple>(query)
        .raw()
        .all(key)
        .map((tuple) => toLocation(tuple, this.#packOf(tuple))),
    )
  }

  /** Locations of many blobs. @param ids 32 bytes each, one after the other. */
  findMany(ids: Uint8Array): BlobLocations {
    const locations = emptyLocations(Math.ceil(ids.length / idBytes))
    const found = this.#lookUp(ids, this.#find, (position, tuple) => {
      setLocation(locations, position, tuple)
    })
    return { ...locations, found }
  }

  /** As `findMany`, without what reading them takes, which is half as fast. */
  placesOf(ids: Uint8Array): BlobPlaces {
    const count = Math.ceil(ids.length / idBytes)
    const places = {
      packs: new Uint32Array(count),
      segments: new Uint32Array(count),
      kinds: new Uint8Array(count),
      lengths: new Uint32Array(count),
    }
    this.#lookUp(ids, this.#findPlace, (position, [pack, segment, length, kind]) => {
      places.packs[position] = pack
      places.segments[position] = segment
      places.lengths[position] = length
      places.kinds[position] = kind
    })
    return places
  }

  /** Goes through the table in the order of the ids. @returns how many there are */
  #lookUp<Tuple>(
    ids: Uint8Array,
    statement: Statement<[Buffer], Tuple>,
    onFound: (position: number, tuple: Tuple) => void,
  ): number {
    const order = keyOrder(ids)
    const key = Buffer.alloc(idBytes)
    let found = 0
    this.#database.read('look up blobs', () => {
      for (const position of order) {
        key.set(ids.subarray(position * idBytes, (position + 1) * idBytes))
        const tuple = statement.get(key)
        if (tuple === undefined) continue
        found += 1
        onFound(position, tuple)
      }
    })
    return found
  }

  /** @param row From a location. Undefined when the pack has been dropped since. */
  pack(row: number): PackRow | undefined {
    const known = this.#packs.get(row)
    if (known !== undefined) return known
    return this.#database.guard('look up a pack', () => {
      const tuple = this.#packByRow.get(row)
      if (tuple === undefined) return undefined
      if (this.#packs.size >= packsKept) this.#packs.clear()
      const pack = toPackRow(tuple)
      this.#packs.set(row, pack)
      return pack
    })
  }

  packById(id: PackId): PackRow | undefined {
    return this.#database.guard('look up a pack', () => {
      const tuple = this.#packById.get(toIdBytes(id))
      return tuple === undefined ? undefined : toPackRow(tuple)
    })
  }

  /** Whether any index object names the pack. */
  hasPack(id: PackId): boolean {
    return this.packById(id) !== undefined
  }

  /** In ascending order of ids. */
  packs(): PackRow[] {
    return this.#database.guard('list packs', () =>
      this.#database.sqlite
        .prepare<[], PackTuple>(`${packQuery} ORDER BY id`)
        .raw()
        .all()
        .map(toPackRow),
    )
  }

  /** In the order of the pack. */
  segments(packRow: number): SegmentRow[] {
    const query = `
      SELECT number, offset, payload_bytes AS payloadBytes, plain_bytes AS plainBytes, codec, kind
      FROM segment WHERE pack = ? ORDER BY number`
    return this.#database.guard('list segments', () =>
      this.#database.sqlite.prepare<[number], SegmentRow>(query).all(packRow),
    )
  }

  /** Ids and lengths of a pack's blobs in the order of the pack. Reads the whole table. */
  blobsOf(
    packRow: number,
  ): { readonly id: Buffer; readonly segment: number; readonly length: number }[] {
    const query = 'SELECT id, segment, length FROM blob WHERE pack = ? ORDER BY segment, offset'
    return this.#database.guard('list blobs', () =>
      this.#database.sqlite
        .prepare<[number], { id: Buffer; segment: number; length: number }>(query)
        .all(packRow),
    )
  }

  /** What the packs hold, summed up by SQLite: one row for each pack in JavaScript would be thousands. */
  totals(): PackTotals {
    return this.#database.guard('count packs', () => {
      const query = `
        SELECT count(*) AS packs, coalesce(sum(bytes), 0) AS storedBytes,
          coalesce(sum(blobs), 0) AS blobs, coalesce(sum(plain_bytes), 0) AS uniqueBytes
        FROM pack`
      const totals = this.#database.sqlite.prepare<[], PackTotals>(query).get()
      return totals ?? { packs: 0, storedBytes: 0, blobs: 0, uniqueBytes: 0 }
    })
  }

  /** Locations, so that a blob in two packs counts twice. */
  count(): number {
    return this.totals().blobs
  }

  /**
   * Ids of the blobs that lie in more than one place, as latin1 text. Reads the whole table: 0.1 s
   * for a million.
   */
  duplicatedIds(): Set<string> {
    return this.#database.guard('look up blobs', () => {
      const { sqlite } = this.#database
      const query = sqlite
        .prepare<[], Buffer>('SELECT id FROM blob GROUP BY id HAVING count(*) > 1')
        .pluck()
      return new Set(query.all().map((id) => id.toString('latin1')))
    })
  }

  /** What the whole table says of each pack, by row; to be held against the objects. Reads the whole table. */
  marks(): Map<number, PlacesMark> {
    const marks = new Map<number, { count: number; sum: number }>()
    this.#database.guard('read the places of blobs', () => {
      const rows = this.#database.sqlite
        .prepare<[], [Buffer, number, number, number, number]>(
          'SELECT id, pack, segment, offset, length FROM blob',
        )
        .raw()
        .iterate()
      for (const [id, pack, segment, offset, length] of rows) {
        let mark = marks.get(pack)
        if (mark === undefined) marks.set(pack, (mark = { count: 0, sum: 0 }))
        mark.count += 1
        mark.sum = addToMark(mark.sum, markOfPlace(id, 0, { segment, offset, length }))
      }
    })
    return marks
  }

  /**
   * Every blob in every place: its id, its bytes, and its part of the stored bytes of its segment. Reads the whole table, two microseconds
   * for each blob.
   */
  *storedShares(): Generator<[id: Buffer, bytes: number, storedBytes: number], void, undefined> {
    const { sqlite } = this.#database
    const ratios = new Map<number, number>()
    const segments = sqlite
      .prepare<[], [number, number, number, number]>(
        'SELECT pack, number, payload_bytes, plain_bytes FROM segment',
      )
      .raw()
      .iterate()
    for (const [pack, number, payloadBytes, plainBytes] of segments) {
      ratios.set(pack * segmentsPerPackMax + number, payloadBytes / Math.max(plainBytes, 1))
    }
    const blobs = sqlite
      .prepare<[], [Buffer, number, number, number]>('SELECT id, pack, segment, length FROM blob')
      .raw()
      .iterate()
    for (const [id, pack, segment, bytes] of blobs) {
      yield [id, bytes, bytes * (ratios.get(pack * segmentsPerPackMax + segment) ?? 1)]
    }
  }

  /** Whether there is any blob; a new repository spares all look-ups. */
  isEmpty(): boolean {
    return this.#database.guard(
      'look up a blob',
      () => this.#database.sqlite.prepare('SELECT 1 FROM blob LIMIT 1').get() === undefined,
    )
  }

  #packOf(tuple: LocationTuple): PackRow {
    const pack = this.pack(tuple[0])
    if (pack !== undefined) return pack
    const { path } = this.#database
    throw new CatalogueError(
      'damaged',
      `Cannot look up a blob in the catalogue "${path}": its pack has no row`,
      { path },
    )
  }
}

function toLocation(tuple: LocationTuple, pack: PackRow): BlobLocation {
  return {
    pack,
    segment: tuple[1],
    segmentOffset: tuple[2],
    payloadBytes: tuple[3],
    plainBytes: tuple[4],
    codec: tuple[5],
    kind: tuple[6],
    offset: tuple[7],
    length: tuple[8],
  }
}

function emptyLocations(count: number): Omit<BlobLocations, 'found'> {
  return {
    packs: new Uint32Array(count),
    segments: new Uint32Array(count),
    segmentOffsets: new Uint32Array(count),
    payloadBytes: new Uint32Array(count),
    plainBytes: new Uint32Array(count),
    codecs: new Uint8Array(count),
    kinds: new Uint8Array(count),
    offsets: new Uint32Array(count),
    lengths: new Uint32Array(count),
  }
}

function setLocation(
  locations: Omit<BlobLocations, 'found'>,
  position: number,
  tuple: LocationTuple,
): void {
  locations.packs[position] = tuple[0]
  locations.segments[position] = tuple[1]
  locations.segmentOffsets[position] = tuple[2]
  locations.payloadBytes[position] = tuple[3]
  locations.plainBytes[position] = tuple[4]
  locations.codecs[position] = tuple[5]
  locations.kinds[position] = tuple[6]
  locations.offsets[position] = tuple[7]
  locations.lengths[position] = tuple[8]
}
