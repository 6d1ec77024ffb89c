import type { PackRow } from '../../catalogue/blob-location.ts'
import { createDecompressor } from '../../format/compression/zstd.ts'
import { decodeIndexObject, type IndexEntry } from '../../format/index-object/index-object.ts'
import {
  decodePack,
  openSegment,
  readPackTrailer,
  segmentDescriptor,
  segmentFormOf,
  type OpenedPack,
  type PackAccess,
} from '../../format/pack/pack-reader.ts'
import type { PackTrailer } from '../../format/pack/pack-trailer.ts'
import { decodeSnapshotManifest } from '../../format/manifest/snapshot-manifest.ts'
import { DamageError, RepositoryError } from '../../foundation/errors.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { idBytes, toObjectId, type ObjectId } from '../../model/ids.ts'
import { catchUp } from '../../repository/catch-up.ts'
import { IndexWriter, writeIndexObjects } from '../../repository/index-writer.ts'
import { acquireLock, type RepositoryLock } from '../../repository/locks.ts'
import { openPackWriter } from '../../repository/open-pack-writer.ts'
import type { PackWriter } from '../../repository/pack-writer.ts'
import type { Repository } from '../../repository/repository.ts'
import { LiveBlobs } from './live-blobs.ts'
import { isIdOfPlace, offsetOfPlace } from './live-places.ts'
import { planPrune, unusedRatioMaxDefault, type PackUse, type PrunePlan } from './prune-plan.ts'

export interface PruneOptions {
  /** Part of the live bytes that may stay dead instead of being copied out, 0 to 1. */
  readonly unusedRatioMax?: number
  /** Look and count, change nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface PruneResult {
  /** Packs that went because nothing in them was needed. */
  readonly packsDeleted: number
  /** Packs that went after what was live in them had been copied. */
  readonly packsRewritten: number
  readonly bytesFreed: number
  /** What the repository's packs take afterwards. */
  readonly bytesLeft: number
  readonly durationMs: number
}

/**
 * Frees the space of blobs that no snapshot needs. Takes an exclusive lock.
 *
 * Order: new packs durable, the index objects that replace the old ones durable, old index objects gone, packs gone. A run that is cut off at any
 * point leaves a repository in which every snapshot is whole; at worst some space is freed only by the next prune.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`; damage or loss of anything that a snapshot needs, and then nothing is removed
 */
export async function prune(
  repository: Repository,
  options: PruneOptions = {},
): Promise<PruneResult> {
  const lock = await acquireLock(repository.storage, 'exclusive', 'prune')
  try {
    return await new PruneRun(repository, options, lock).run()
  } finally {
    await lock.release()
  }
}

/** Index objects that go, and what of them is named anew. */
interface IndexReplacement {
  readonly replaced: readonly ObjectId[]
  readonly staying: readonly IndexEntry[]
}

class PruneRun {
  readonly #repository: Repository
  readonly #options: PruneOptions
  readonly #lock: RepositoryLock
  readonly #decompressor = createDecompressor()
  readonly #startedAtMs = Date.now()

  constructor(repository: Repository, options: PruneOptions, lock: RepositoryLock) {
    this.#repository = repository
    this.#options = options
    this.#lock = lock
  }

  async run(): Promise<PruneResult> {
    await this.#refuseDamage()
    const packs = this.#repository.catalogue.blobs.packs()
    const live = await this.#markLive(packs)
    const uses: PackUse[] = []
    for (const pack of packs) uses.push(await this.#useOf(pack, live))
    const plan = planPrune(uses, this.#options.unusedRatioMax ?? unusedRatioMaxDefault)
    const bytesBefore = sumBytes(packs)
    const gone = [...plan.remove, ...plan.repack]
    let newBytes = 0
    if (!this.#options.dryRun && gone.length > 0) newBytes = await this.#carryOut(plan, live)
    if (!this.#options.dryRun) await this.#removeUnnamedPacks()
    if (this.#options.dryRun) newBytes = estimate(plan, uses)
    const bytesLeft = bytesBefore - sumBytes(gone) + newBytes
    return {
      packsDeleted: plan.remove.length,
      packsRewritten: plan.repack.length,
      bytesFreed: bytesBefore - bytesLeft,
      bytesLeft,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  /** With an index or snapshot object that cannot be read nobody knows what is live. */
  async #refuseDamage(): Promise<void> {
    const unusable = await catchUp(this.#repository)
    const first = unusable.find(({ name }) => !name.startsWith('journal/'))
    if (!first) return
    throw new RepositoryError(
      'OBJECT_DAMAGED',
      `Cannot prune: ${first.name} is damaged, so what is needed is not known`,
      {
        remedy: 'Run `holdfast verify --all`; nothing was removed',
        cause: first.error,
      },
    )
  }

  /**
   * Everything that decides on what goes comes from the objects or is held against them; the catalogue has no checksums, and one wrong row
   * would cost a live blob.
   */
  async #markLive(packs: readonly PackRow[]): Promise<LiveBlobs> {
    const { storage } = this.#repository
    const stored = new Set(await storage.listNames('packs'))
    const lost = packs.filter((pack) => !stored.has(`packs/${pack.id}`))
    const live = new LiveBlobs(this.#repository, new Set(lost.map((pack) => pack.row)))
    for (const name of await storage.listNames('snapshots')) {
      this.#options.signal?.throwIfAborted()
      const manifest = decodeSnapshotManifest(
        await this.#repository.readSmallObject('snapshot', name),
      )
      live.mark({ ...manifest, id: toObjectId(name.slice('snapshots/'.length)) })
    }
    const rows = new Set(packs.map((pack) => pack.row))
    for (const row of live.packRows) if (!rows.has(row)) throw disagreement()
    return live
  }

  async #useOf(pack: PackRow, live: LiveBlobs): Promise<PackUse> {
    this.#options.signal?.throwIfAborted()
    const marked = live.inPack(pack.row)
    const segments = this.#repository.catalogue.blobs.segments(pack.row)
    const totalBytes = segments.reduce((sum, segment) => sum + segment.plainBytes, 0)
    if (!marked) return { pack, liveBytes: 0, deadBytes: totalBytes }
    const name = `packs/${pack.id}`
    const { trailer } = await readPackTrailer(
      (offset, lengthBytes) => this.#repository.storage.getRange(name, offset, lengthBytes),
      pack.bytes,
      this.#packAccess(),
    )
    let liveBytes = 0
    for (const [segment, { unique }] of marked) {
      liveBytes += liveBytesOf(trailer, segment, unique)
    }
    return { pack, liveBytes, deadBytes: totalBytes - liveBytes }
  }

  #packAccess(): PackAccess {
    return {
      frameRootKey: this.#repository.context.keys.frameRootKey,
      repositoryId: Buffer.from(this.#repository.context.repositoryId),
      sealed: this.#repository.context.sealed,
    }
  }

  async #carryOut(plan: PrunePlan, live: LiveBlobs): Promise<number> {
    const repository = this.#repository
    const gone = new Set<ObjectId>([...plan.remove, ...plan.repack].map((pack) => pack.id))
    // Read first: an index object that cannot be read must not be found out when half of the work is done.
    const replacement = await this.#planIndexObjects(gone)
    const index = new IndexWriter(repository)
    const packs = openPackWriter(repository.context, (pack) => index.add(pack))
    try {
      for (const [done, pack] of plan.repack.entries()) {
        this.#options.signal?.throwIfAborted()
        await this.#repack(pack, live, packs.writer)
        await packs.writer.settle()
        this.#report(done + 1, plan.repack.length)
      }
      await packs.writer.finish()
    } catch (error) {
      await packs.writer.discard()
      await index.settle()
      throw error
    } finally {
      await packs.close()
    }
    await index.flush()
    await this.#lock.assertHeld()
    await this.#replaceIndexObjects(replacement)
    for (const id of gone) await repository.storage.delete(`packs/${id}`)
    await repository.storage.sync('packs')
    return index.packBytes
  }

  async #repack(pack: PackRow, live: LiveBlobs, writer: PackWriter): Promise<void> {
    const bytes = await this.#repository.storage.get(`packs/${pack.id}`)
    const opened = decodePack(bytes, this.#packAccess(), pack.id)
    for (const [segment, { unique }] of live.inPack(pack.row) ?? []) {
      this.#copySegment(opened, bytes, segment, unique, writer)
    }
  }

  /** A segment in which everything is live is taken over as it is; of any other the live blobs are compressed anew. */
  #copySegment(
    { trailer, opener }: OpenedPack,
    bytes: Buffer,
    segment: number,
    live: Float64Array,
    writer: PackWriter,
  ): void {
    const form = segmentFormOf(trailer, segment)
    const kind = trailer.kinds[segment] === 0 ? 0 : 1
    const first = trailer.firstBlobs[segment]
    const end = first + trailer.blobCounts[segment]
    const start = trailer.offsets[segment]
    const sealed = bytes.subarray(start, start + form.payloadBytes + 16)
    if (live.length === end - first) {
      writer.copySegment(opener.open(segmentDescriptor(form), sealed), form.codec, {
        kind,
        plainBytes: form.plainBytes,
        ids: trailer.ids.subarray(first * idBytes, end * idBytes),
        lengths: trailer.blobLengths.subarray(first, end),
      })
      return
    }
    const plain = openSegment({ opener, decompressor: this.#decompressor }, form, sealed)
    const wanted = new Set<number>()
    for (const place of live) wanted.add(offsetOfPlace(place))
    for (let blob = first, offset = 0; blob < end; blob++) {
      const length = trailer.blobLengths[blob]
      if (wanted.has(offset)) {
        const id = trailer.ids.subarray(blob * idBytes, (blob + 1) * idBytes)
        writer.add(kind, id, plain.subarray(offset, offset + length))
      }
      offset += length
    }
  }

  /** Index objects that name a pack that goes are replaced by some that name only what stays. */
  async #planIndexObjects(gone: ReadonlySet<ObjectId>): Promise<IndexReplacement> {
    const replaced: ObjectId[] = []
    const staying = new Map<ObjectId, IndexEntry>()
    for (const name of await this.#repository.storage.listNames('index')) {
      const entries = decodeIndexObject(await this.#repository.readSmallObject('index', name))
      if (!entries.some((entry) => gone.has(entry.packId))) continue
      replaced.push(toObjectId(name.slice('index/'.length)))
      for (const entry of entries) if (!gone.has(entry.packId)) staying.set(entry.packId, entry)
    }
    return { replaced, staying: [...staying.values()] }
  }

  async #replaceIndexObjects({ replaced, staying }: IndexReplacement): Promise<void> {
    const { storage, catalogue } = this.#repository
    await writeIndexObjects(this.#repository, staying)
    for (const id of replaced) await storage.delete(`index/${id}`)
    await storage.sync('index')
    catalogue.indexObjects.remove(replaced)
  }

  /** Packs of runs that were cut off: with the exclusive lock nobody is writing one. */
  async #removeUnnamedPacks(): Promise<void> {
    const { storage, catalogue } = this.#repository
    const known = catalogue.objectIds('packs')
    const isUnknown = (name: string): boolean => !known.has(toObjectId(name.slice('packs/'.length)))
    const unknown = (await storage.listNames('packs')).filter(isUnknown)
    if (unknown.length > 0) {
      // The catalogue is only a view, and this cannot be undone: the index objects themselves have the last word.
      const named = await this.#namedPacks()
      for (const name of unknown) if (!named.has(name)) await storage.delete(name)
      await storage.sync('packs')
    }
    await storage.sweepTemporary(0)
  }

  async #namedPacks(): Promise<Set<string>> {
    const names = new Set<string>()
    for (const name of await this.#repository.storage.listNames('index')) {
      const entries = decodeIndexObject(await this.#repository.readSmallObject('index', name))
      for (const { packId } of entries) names.add(`packs/${packId}`)
    }
    return names
  }

  #report(done: number, total: number): void {
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'repacking',
      filesDone: done,
      filesTotal: total,
      bytesDone: done,
      bytesTotal: total,
      errors: 0,
    })
  }
}

/**
 * @param live places of the live blobs in the segment, ascending
 * @throws {DamageError} when one of them is not what the pack itself says
 */
function liveBytesOf(trailer: PackTrailer, segment: number, live: Float64Array): number {
  const first = trailer.firstBlobs[segment]
  const end = first + (trailer.blobCounts[segment] ?? 0)
  let bytes = 0
  let next = 0
  for (let blob = first, offset = 0; next < live.length; blob++) {
    // A segment that the pack does not have makes `end` no number.
    if (!(blob < end)) throw disagreement()
    if (offset === offsetOfPlace(live[next])) {
      if (!isIdOfPlace(live[next], trailer.ids, blob * idBytes)) throw disagreement()
      bytes += trailer.blobLengths[blob]
      next += 1
    }
    offset += trailer.blobLengths[blob]
  }
  return bytes
}

function disagreement(): DamageError {
  return new DamageError('Cannot prune: the catalogue and a pack disagree about its blobs', {
    remedy: 'Run `holdfast repair catalogue`; nothing was removed',
  })
}

function sumBytes(packs: readonly PackRow[]): number {
  return packs.reduce((sum, pack) => sum + pack.bytes, 0)
}

/** Compressed size of what would be copied, taken to be in proportion to the plaintext. */
function estimate(plan: PrunePlan, uses: readonly PackUse[]): number {
  const repacked = new Set(plan.repack)
  let bytes = 0
  for (const { pack, liveBytes, deadBytes } of uses) {
    if (repacked.has(pack)) bytes += (pack.bytes * liveBytes) / (liveBytes + deadBytes)
  }
  return Math.round(bytes)
}
