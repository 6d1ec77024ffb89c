import { createBlobHasher, type BlobHasher } from '../format/hashing/blob-hasher.ts'
import type { BlobClaims } from './blob-claims.ts'
import type { FormerContent } from './former-content.ts'
import type { PackWriter } from './pack-writer.ts'
import type { RepositoryContext } from './repository-context.ts'
import { blobKinds } from './segment-buffer.ts'

/** Answers whether a finished pack holds a blob. */
export interface KnownBlobs {
  hasBlob(id: Uint8Array): boolean
}

export interface BlobCounts {
  dataBlobsAdded: number
  dataBytesAdded: number
  treeBlobsAdded: number
  treeBytesAdded: number
}

/** Stores each blob once: names it, asks whether it is known, and hands new ones to the pack writer. For one thread. */
export class BlobStore {
  readonly counts: BlobCounts = {
    dataBlobsAdded: 0,
    dataBytesAdded: 0,
    treeBlobsAdded: 0,
    treeBytesAdded: 0,
  }
  readonly #claims: BlobClaims
  readonly #known: KnownBlobs
  readonly #packs: PackWriter
  readonly #dataHasher: BlobHasher
  readonly #treeHasher: BlobHasher

  constructor(
    context: RepositoryContext,
    claims: BlobClaims,
    known: KnownBlobs,
    packs: PackWriter,
  ) {
    this.#claims = claims
    this.#known = known
    this.#packs = packs
    this.#dataHasher = createBlobHasher(context.keys.dataIdKey)
    this.#treeHasher = createBlobHasher(context.keys.treeIdKey)
  }

  /**
   * @param former what the file held in a trusted snapshot
   * @returns the blob's id, in a buffer of its own
   */
  storeData(bytes: Uint8Array, former?: FormerContent): Buffer {
    const id = this.#dataHasher.hash(bytes)
    if (former?.has(id) === true) return id
    if (this.#isNew(id)) {
      this.#packs.add(blobKinds.data, id, bytes)
      this.counts.dataBlobsAdded += 1
      this.counts.dataBytesAdded += bytes.length
    }
    return id
  }

  /** @returns the blob's id, in a buffer of its own */
  storeTree(bytes: Uint8Array): Buffer {
    const id = this.#treeHasher.hash(bytes)
    if (this.#isNew(id)) {
      this.#packs.add(blobKinds.tree, id, bytes)
      this.counts.treeBlobsAdded += 1
      this.counts.treeBytesAdded += bytes.length
    }
    return id
  }

  /** The claim comes first: it costs no look-up, and it remembers the answer of the look-up for the other threads. */
  #isNew(id: Buffer): boolean {
    if (!this.#claims.claim(id)) return false
    return !this.#known.hasBlob(id)
  }
}
