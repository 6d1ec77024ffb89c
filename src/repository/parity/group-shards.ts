import type { ParityGroupRow } from '../../catalogue/parity-table.ts'
import type { ShardPosition } from '../../format/parity/coding-matrix.ts'
import {
  checksumBytes,
  parityLayoutOf,
  stripeBytes,
  stripeChecksum,
  stripeCount,
  type ParityDescription,
} from '../../format/parity/parity-head.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { isLoss, isMissing } from '../loss.ts'
import type { Repository } from '../repository.ts'
import { readParityObject } from './read-parity-object.ts'

/** Stripes that are read at once: a mebibyte of each shard. */
export const windowStripes = 16
export const windowBytes: number = windowStripes * stripeBytes

/** A file of the group and where its shard lies in it. */
interface ShardFile {
  readonly name: string
  readonly offset: number
  /** Of the shard; what is behind counts as zeros. */
  readonly lengthBytes: number
  /** Number of its first stripe in the table of checksums. */
  readonly firstChecksum: number
}

interface ShardFiles {
  readonly data: readonly (ShardFile | null)[]
  readonly parity: readonly ShardFile[]
  /** Those of them that are known not to be there. */
  readonly missing: readonly ShardFile[]
}

/** Reads the shards of one group, stripe by stripe, and tells for each stripe whether it is what was written. */
export class GroupShards {
  readonly description: ParityDescription
  readonly checksums: Buffer
  readonly #repository: Repository
  readonly #data: readonly (ShardFile | null)[]
  readonly #parity: readonly ShardFile[]
  readonly #missing: Set<ShardFile>

  private constructor(
    repository: Repository,
    prefix: { readonly description: ParityDescription; readonly checksums: Buffer },
    files: ShardFiles,
  ) {
    this.#repository = repository
    this.description = prefix.description
    this.checksums = prefix.checksums
    this.#data = files.data
    this.#parity = files.parity
    this.#missing = new Set(files.missing)
  }

  /**
   * Opens a group by the first of its parity objects that can be read.
   *
   * @returns undefined when there is none
   */
  static async open(
    repository: Repository,
    group: ParityGroupRow,
  ): Promise<GroupShards | undefined> {
    for (const [number, id] of group.objects.entries()) {
      if (id === null) continue
      const name = `parity/${id}`
      try {
        const prefix = await readParityObject(repository, name)
        // The catalogue is only a view.
        const { groupId, number: found } = prefix.description
        if (groupId !== group.groupId || found !== number) continue
        return new GroupShards(repository, prefix, shardFiles(prefix.description, group))
      } catch (error) {
        if (!isUnreadable(error)) throw error
      }
    }
    return undefined
  }

  /** Whether the shard is a place without a pack, which is zeros. */
  isVacant({ kind, index }: ShardPosition): boolean {
    return kind === 'data' && this.#data[index] === null
  }

  /** Length of the shard without the zeros that count as following it. */
  lengthOf(position: ShardPosition): number {
    return this.#fileOf(position)?.lengthBytes ?? 0
  }

  checksumsOf(position: ShardPosition): Buffer {
    const file = this.#fileOf(position)
    if (file === null) return Buffer.alloc(0)
    const start = file.firstChecksum * checksumBytes
    return this.checksums.subarray(start, start + stripeCount(file.lengthBytes) * checksumBytes)
  }

  /**
   * Reads `windowStripes` stripes from number `first`, fewer at the end of the shard.
   *
   * @returns for each stripe its bytes (the last may be short), null when it is missing or not what was written
   */
  async readStripes(position: ShardPosition, first: number): Promise<(Buffer | null)[]> {
    const file = this.#fileOf(position)
    const count = Math.min(windowStripes, stripeCount(file?.lengthBytes ?? 0) - first)
    if (file === null || count <= 0) return []
    const start = first * stripeBytes
    const end = Math.min(start + count * stripeBytes, file.lengthBytes)
    const atOnce = await this.#read(file, start, end)
    const stripes: (Buffer | null)[] = []
    for (let stripe = 0; stripe < count; stripe++) {
      const stripeStart = start + stripe * stripeBytes
      const stripeEnd = Math.min(stripeStart + stripeBytes, end)
      const bytes =
        atOnce?.subarray(stripeStart - start, stripeEnd - start) ??
        (await this.#read(file, stripeStart, stripeEnd))
      const place = (file.firstChecksum + first + stripe) * checksumBytes
      const expected = this.checksums.subarray(place, place + checksumBytes)
      stripes.push(bytes !== null && stripeChecksum(bytes).equals(expected) ? bytes : null)
    }
    return stripes
  }

  #fileOf({ kind, index }: ShardPosition): ShardFile | null {
    return kind === 'data' ? this.#data[index] : this.#parity[index]
  }

  /** Null when not all of the range can be read: a bad sector makes a whole window fail, so it is then read in stripes. */
  async #read(file: ShardFile, start: number, end: number): Promise<Buffer | null> {
    if (this.#missing.has(file)) return null
    try {
      const { storage } = this.#repository
      return await storage.getRange(file.name, file.offset + start, end - start)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      if (isMissing(error)) this.#missing.add(file)
      return null
    }
  }
}

function shardFiles(description: ParityDescription, { objects }: ParityGroupRow): ShardFiles {
  const { packs, shardBytes } = description
  let firstChecksum = 0
  const data = packs.map((pack) => {
    if (pack === null) return null
    const name = `packs/${pack.id}`
    const file = { name, offset: 0, lengthBytes: pack.bytes, firstChecksum }
    firstChecksum += stripeCount(pack.bytes)
    return file
  })
  const { shardOffset } = parityLayoutOf(description)
  const missing: ShardFile[] = []
  const parity = objects.map((id) => {
    const name = `parity/${id ?? ''}`
    const file = { name, offset: shardOffset, lengthBytes: shardBytes, firstChecksum }
    if (id === null) missing.push(file)
    firstChecksum += stripeCount(shardBytes)
    return file
  })
  return { data, parity, missing }
}

/** Lost bytes, and bytes on a bad sector: with parity the one is as good as the other. */
function isUnreadable(error: unknown): boolean {
  if (isLoss(error)) return true
  if (!(error instanceof RepositoryError)) return false
  return error.code === 'FORMAT_UNSUPPORTED' || error.facts['errno'] === 'EIO'
}
