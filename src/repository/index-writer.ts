import { encodeIndexObject, type IndexEntry } from '../format/index-object/index-object.ts'
import { toObjectId } from '../model/ids.ts'
import { absorbIndex } from './absorb-index.ts'
import type { WrittenPack } from './pack-writer.ts'
import type { Repository } from './repository.ts'

/** Packs named by one index object while a run goes on: about a gigabyte of data. */
const packsPerIndexObject = 32

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

  #write(): Promise<void> {
    const entries = this.#waiting
    this.#waiting = []
    // One after the other: a failure stays in the chain and comes out of the next flush.
    this.#writing = this.#writing.then(async () => {
      await writeIndexObject(this.#repository, entries)
    })
    return this.#writing
  }
}

/** Stores one index object for packs whose files have their names, and enters it into the catalogue. */
export async function writeIndexObject(
  repository: Repository,
  entries: readonly IndexEntry[],
): Promise<string | null> {
  if (entries.length === 0) return null
  await repository.storage.sync('packs')
  const { id, bytes } = repository.seal('index', encodeIndexObject(entries))
  await repository.storage.put(`index/${id}`, bytes)
  absorbIndex(repository, id, entries)
  return id
}
