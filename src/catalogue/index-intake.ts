import { idBytes } from '../model/ids.ts'
import type { ObjectId, PackId } from '../model/ids.ts'
import type { IndexedPack } from './blob-location.ts'
import { BlobRuns } from './blob-runs.ts'
import type { CatalogueDatabase } from './database.ts'
import { SegmentColumns } from './segment-columns.ts'

/** A pack of the intake: what `segment` and `pack` need. Its blobs are in the runs, under its number. */
export interface GatheredPack {
  readonly number: number
  readonly packId: PackId
  readonly salt: Buffer
  readonly packBytes: number
  readonly blobCount: number
  /** Of all blobs. */
  readonly plainBytes: number
  /** Of the intake's segments. */
  readonly firstSegment: number
  readonly segmentCount: number
}

export interface GatheredObject {
  readonly id: ObjectId
  readonly packs: readonly GatheredPack[]
}

/** Gathers index objects that go into the catalogue together, in memory that hardly grows with their blobs. Close it. */
export class IndexIntake {
  readonly objects: GatheredObject[] = []
  readonly segments: SegmentColumns = new SegmentColumns()
  readonly blobs: BlobRuns
  readonly #packs = new Map<PackId, GatheredPack>()

  constructor(database: CatalogueDatabase, runBlobs?: number) {
    this.blobs = new BlobRuns(database, runBlobs)
  }

  get packCount(): number {
    return this.#packs.size
  }

  /** @throws {RangeError} when columns have different lengths; nothing of the object is taken then */
  add(id: ObjectId, packs: readonly IndexedPack[]): void {
    for (const pack of packs) checkColumns(pack)
    this.objects.push({ id, packs: packs.map((pack) => this.#gather(pack)) })
  }

  close(): void {
    this.blobs.close()
  }

  #gather({ packId, salt, packBytes, trailer }: IndexedPack): GatheredPack {
    const known = this.#packs.get(packId)
    if (known !== undefined) return known
    const pack = {
      number: this.#packs.size,
      packId,
      // A copy, because a view would keep the whole object in memory.
      salt: Buffer.from(salt),
      packBytes,
      blobCount: trailer.blobLengths.length,
      plainBytes: Array.from(trailer.plainBytes).reduce((sum, bytes) => sum + bytes, 0),
      firstSegment: this.segments.addPack(trailer),
      segmentCount: trailer.offsets.length,
    }
    this.#packs.set(packId, pack)
    this.blobs.addPack(pack.number, trailer)
    return pack
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
