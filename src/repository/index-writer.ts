import { encodeIndexObject, type IndexEntry } from '../format/index-object/index-object.ts'
import { toObjectId } from '../model/ids.ts'
import { absorbIndex } from './absorb-index.ts'
import type { WrittenPack } from './pack-writer.ts'
import type { Repository } from './repository.ts'

/** Packs named by one index object: about a gigabyte of data. */
const packsPerIndexObject = 32
/** Packs of very small files have long trailers; the format allows an index object four times this. */
const trailerBytesPerIndexObject = 64 * 1024 * 1024

/**
 * Names written packs in index objects. The packs are made durable first: an index object never names what a power cut could
 * still take away.
 */
export class IndexWriter {
  readonly #repository: Repository
  #waiting: IndexEntry[] = []
  #writing: Promise<void> = Promise.resolve()
  #packCount = 0
  #packBytes = 0

  constructor(repository: Repository) {
    this.#repository = repository
  }

  get packCount(): number {
    return this.#packCount
  }

  /** Length of all packs that were added, in bytes. */
  get packBytes(): number {
    return this.#packBytes
  }

  add(pack: WrittenPack): void {
    this.#waiting.push({
      packId: toObjectId(pack.packId),
      salt: Buffer.from(pack.salt),
      packBytes: pack.packBytes,
      trailer: Buffer.from(pack.trailer.buffer, pack.trailer.byteOffset, pack.trailer.byteLength),
    })
    this.#packCount += 1
    this.#packBytes += pack.packBytes
    if (this.#waiting.length >= packsPerIndexObject) void this.#write().catch(() => undefined)
  }

  /** Writes what is left; when it resolves, every pack added so far is durable and named. */
  async flush(): Promise<void> {
    await this.#write()
  }

  /**
   * Waits for what is being written, without an error. A run that is given up must not release its lock before: a prune would take the
   * packs for garbage, and then an index object would name them.
   */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#writing])
  }

  #write(): Promise<void> {
    const entries = this.#waiting
    this.#waiting = []
    // One after the other: a failure stays in the chain and comes out of the next flush.
    this.#writing = this.#writing.then(async () => {
      await writeIndexObjects(this.#repository, entries)
    })
    return this.#writing
  }
}

/**
 * Stores index objects for packs whose files have their names, and enters them into the catalogue.
 *
 * @throws {DamageError} when a pack cannot be read that was written just now
 */
export async function writeIndexObjects(
  repository: Repository,
  entries: readonly IndexEntry[],
): Promise<void> {
  if (entries.length === 0) return
  await repository.storage.sync('packs')
  for (const group of groupEntries(entries)) {
    const { id, bytes } = repository.seal('index', encodeIndexObject(group))
    await repository.storage.put(`index/${id}`, bytes)
    const [damage] = absorbIndex(repository, id, group)
    if (damage) throw damage
  }
}

/** Splits entries so that each group makes an index object of reasonable length. */
export function groupEntries(
  entries: readonly IndexEntry[],
  trailerBytesMax: number = trailerBytesPerIndexObject,
): IndexEntry[][] {
  const groups: IndexEntry[][] = []
  let group: IndexEntry[] = []
  let trailerBytes = 0
  for (const entry of entries) {
    const isFull =
      group.length === packsPerIndexObject || trailerBytes + entry.trailer.length > trailerBytesMax
    if (group.length > 0 && isFull) {
      groups.push(group)
      group = []
      trailerBytes = 0
    }
    group.push(entry)
    trailerBytes += entry.trailer.length
  }
  if (group.length > 0) groups.push(group)
  return groups
}
