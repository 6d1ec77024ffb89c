import { createPlainHasher, hashToHex } from '../../format/hashing/blob-hasher.ts'
import {
  encodeParityFooter,
  encodeParityPrefix,
  parityLayoutOf,
  type ParityDescription,
  type ParityExpectation,
  type ParityLayout,
} from '../../format/parity/parity-head.ts'
import { toObjectId, type ObjectId } from '../../model/ids.ts'
import type { PackStorage, TemporaryFile } from '../../storage/pack-storage.ts'
import { isLoss } from '../loss.ts'
import { hashObject } from './hash-object.ts'

const pieceBytes = 1024 * 1024

/** A parity object that is being written to a temporary file: first the shard, at the end what stands around it. */
export class ParityFile {
  readonly description: ParityDescription
  readonly #layout: ParityLayout
  readonly #storage: PackStorage
  readonly #file: TemporaryFile

  constructor(storage: PackStorage, description: ParityDescription) {
    this.description = description
    this.#layout = parityLayoutOf(description)
    this.#storage = storage
    this.#file = storage.createTemporarySync()
  }

  /** @param offset in the shard */
  writeShard(bytes: Uint8Array, offset: number): void {
    this.#write(bytes, this.#layout.shardOffset + offset)
  }

  /**
   * Ends the writing; the name is durable after the next `sync` of the folder. An object of this name that is damaged makes room:
   * it can be made again, as was just done.
   *
   * @param checksums of all shards of the group
   */
  async publish(checksums: Uint8Array, expectation: ParityExpectation): Promise<ObjectId> {
    const { prefixBytes, shardOffset, objectBytes } = this.#layout
    const prefix = encodeParityPrefix(this.description, checksums, expectation)
    this.#write(prefix, 0)
    this.#write(prefix, shardOffset + this.description.shardBytes)
    const footer = encodeParityFooter(prefixBytes)
    this.#write(footer, objectBytes - footer.length)
    const id = this.#hash()
    const name = `parity/${id}`
    if (await isDamaged(this.#storage, name)) await this.#storage.delete(name)
    await this.#storage.publish(this.#file, name)
    return id
  }

  /** Leaves nothing behind; harmless after `publish`. */
  discard(): void {
    this.#storage.discardSync(this.#file)
  }

  #write(bytes: Uint8Array, offset: number): void {
    this.#storage.writeTemporarySync(this.#file, bytes, offset)
  }

  /** Read back, because the checksums at the beginning are known last. */
  #hash(): ObjectId {
    const hasher = createPlainHasher()
    const piece = Buffer.allocUnsafe(pieceBytes)
    for (let offset = 0; ;) {
      const bytesRead = this.#storage.readTemporarySync(this.#file, piece, offset)
      if (bytesRead === 0) return toObjectId(hashToHex(hasher.digest()))
      hasher.update(piece.subarray(0, bytesRead))
      offset += bytesRead
    }
  }
}

async function isDamaged(storage: PackStorage, name: string): Promise<boolean> {
  try {
    return `parity/${await hashObject(storage, name)}` !== name
  } catch (error) {
    if (isLoss(error)) return false
    throw error
  }
}
