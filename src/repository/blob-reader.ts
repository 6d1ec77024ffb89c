import { DamageError, RepositoryError } from '../foundation/errors.ts'
import type { BlobLocation } from '../catalogue/blob-location.ts'
import { createBlobHashers, type BlobHashers } from './blob-hashers.ts'
import { isUnavailable } from './loss.ts'
import type { RepositoryContext } from './repository-context.ts'
import { blobKinds, type BlobKind } from './segment-buffer.ts'
import type { SegmentReader } from './segment-reader.ts'

/** Finds where a blob is. */
export interface BlobFinder {
  findBlob(id: Uint8Array): BlobLocation | undefined
  /** Every place where it is: when one is lost another may serve. */
  findAll(id: Uint8Array): BlobLocation[]
}

/** Gives pages of directories that need not be fetched; each has been hashed. */
export interface PageSource {
  read(id: Uint8Array, lengthBytes: number): Buffer | undefined
}

/** Hands out blobs by id; each has been hashed and is the one that was asked for. For one thread. */
export class BlobReader {
  readonly #finder: BlobFinder
  readonly #segments: SegmentReader
  readonly #hashers: BlobHashers
  readonly #nearPages: PageSource | undefined

  /** @param nearPages asked before the storage */
  constructor(
    context: RepositoryContext,
    finder: BlobFinder,
    segments: SegmentReader,
    nearPages?: PageSource,
  ) {
    this.#nearPages = nearPages
    this.#finder = finder
    this.#segments = segments
    this.#hashers = createBlobHashers(context.keys)
  }

  /** @throws {RepositoryError} when no index names it */
  locate(id: Uint8Array): BlobLocation {
    const location = this.#finder.findBlob(id)
    if (location) return location
    const hex = Buffer.from(id).toString('hex')
    throw new RepositoryError(
      'OBJECT_MISSING',
      `Cannot read blob "${hex}": no index object names it`,
      {
        remedy: 'Run `holdfast repair catalogue`, then `holdfast verify --all`',
        facts: { blobId: hex },
      },
    )
  }

  /**
   * The blob's bytes, a view that stays valid and must not be written to.
   *
   * @param lengthBytes what the reference says; another length is damage
   * @throws {RepositoryError} when it is missing or damaged
   */
  read(kind: BlobKind, id: Uint8Array, lengthBytes: number): Buffer {
    return this.readAt(this.locate(id), kind, id, lengthBytes)
  }

  /** As `read`, beginning with a place that was looked up before. */
  readAt(location: BlobLocation, kind: BlobKind, id: Uint8Array, lengthBytes: number): Buffer {
    try {
      return this.#readFrom(location, kind, id, lengthBytes)
    } catch (error) {
      if (!isUnavailable(error)) throw error
      const found = this.#readElsewhere(location, kind, id, lengthBytes)
      if (found) return found
      throw error
    }
  }

  /** Tells the storage which blobs will be read, in that order as a rule. */
  expect(locations: Iterable<BlobLocation>): void {
    this.#segments.expect(locations)
  }

  /**
   * The plaintext of a blob's segment, when all that is needed of it is taken at once.
   *
   * @returns a view that is valid until the next call
   */
  openSegmentOnce(location: BlobLocation): Buffer {
    return this.#segments.readOnce(location)
  }

  /** Whether bytes are the blob that was asked for. */
  proves(kind: BlobKind, id: Uint8Array, bytes: Uint8Array): boolean {
    return this.#hashers[kind].hash(bytes).compare(id) === 0
  }

  #readElsewhere(
    lost: BlobLocation,
    kind: BlobKind,
    id: Uint8Array,
    lengthBytes: number,
  ): Buffer | undefined {
    for (const location of this.#finder.findAll(id)) {
      if (location.pack.id === lost.pack.id && location.offset === lost.offset) continue
      try {
        return this.#readFrom(location, kind, id, lengthBytes)
      } catch (error) {
        if (!isUnavailable(error)) throw error
      }
    }
    return undefined
  }

  #readFrom(location: BlobLocation, kind: BlobKind, id: Uint8Array, lengthBytes: number): Buffer {
    if (location.length !== lengthBytes || location.kind !== kind) {
      throw blobDamage(
        id,
        `it has ${location.length} bytes instead of ${lengthBytes}, or another kind`,
      )
    }
    const segment = this.#segments.read(location)
    const bytes = segment.subarray(location.offset, location.offset + lengthBytes)
    if (!this.proves(kind, id, bytes)) {
      throw blobDamage(id, 'its bytes have another hash')
    }
    return bytes
  }

  /** A tree page; its reference says how long it is. */
  readTree(id: Uint8Array, lengthBytes: number): Buffer {
    return this.#nearPages?.read(id, lengthBytes) ?? this.read(blobKinds.tree, id, lengthBytes)
  }

  /** A content list; its reference says what it covers, not how long it is. */
  readList(id: Uint8Array): Buffer {
    const location = this.locate(id)
    return this.readAt(location, blobKinds.tree, id, location.length)
  }
}

function blobDamage(id: Uint8Array, state: string): DamageError {
  const hex = Buffer.from(id).toString('hex')
  return new DamageError(`Cannot read blob "${hex}": ${state}`, { facts: { blobId: hex } })
}
