import type { ParityGroupRow } from '../../catalogue/parity-table.ts'
import { createPlainHasher, hashToHex, type PlainHasher } from '../../format/hashing/blob-hasher.ts'
import { coefficientOf } from '../../format/parity/coding-matrix.ts'
import { createShardCombiner } from '../../format/parity/kernel-combiner.ts'
import {
  groupIdOf,
  stripeBytes,
  stripeChecksum,
  stripeCount,
  type ProtectedPack,
} from '../../format/parity/parity-head.ts'
import type { ShardCombiner } from '../../format/parity/shard-combiner.ts'
import type { ObjectId, PackId } from '../../model/ids.ts'
import { isLoss } from '../loss.ts'
import type { Repository } from '../repository.ts'
import { parityExpectationOf } from './absorb-parity.ts'
import { GroupShards, windowBytes, windowStripes } from './group-shards.ts'
import { ParityFile } from './parity-file.ts'

/** A group whose parity objects are to be written. */
export interface GroupWrite {
  /** By places; null for a place without a pack. */
  readonly packs: readonly (ProtectedPack | null)[]
  readonly parityShards: number
  /**
   * A group from whose parity that of this one is computed: only packs that come in or go out are read. Undefined to read all packs.
   */
  readonly base?: ParityGroupRow | undefined
  /** The parity objects to be written, by number; all when it is undefined. */
  readonly numbers?: readonly number[] | undefined
}

export interface WrittenGroup {
  readonly groupId: ObjectId
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** A group that was not written, with what is in the way. */
export interface UnwrittenGroup {
  /** Packs that are missing or not what their names say. Empty when the base is damaged. */
  readonly damagedPacks: readonly PackId[]
}

/**
 * Computes and stores the parity objects of a group; durable when it resolves. In memory are one window of 1 MiB of each parity shard
 * and two of packs, and the checksums of the group (8 bytes for each stripe of 64 KiB).
 *
 * Every pack is held against its name, or against the checksums of the base, before anything gets a name: parity of wrong bytes
 * would be worth nothing.
 */
export async function writeGroup(
  repository: Repository,
  write: GroupWrite,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WrittenGroup | UnwrittenGroup> {
  const base = write.base && (await GroupShards.open(repository, write.base))
  if (write.base && base === undefined) return { damagedPacks: [] }
  const writer = new GroupWriter(repository, write, base)
  try {
    return await writer.run(options.signal)
  } finally {
    writer.discard()
  }
}

interface Summand {
  readonly place: number
  readonly pack: ProtectedPack
  readonly coefficients: readonly number[]
}

interface Addition extends Summand {
  readonly hasher: PlainHasher
  readonly checksums: Buffer[]
}

class GroupWriter {
  readonly #repository: Repository
  readonly #write: GroupWrite
  readonly #base: GroupShards | undefined
  readonly #shardBytes: number
  readonly #groupId: ObjectId
  readonly #combiner: ShardCombiner
  readonly #added: readonly Addition[]
  readonly #removed: readonly Summand[]
  readonly #files = new Map<number, ParityFile>()
  readonly #parityChecksums: Buffer[][]
  #bytesRead = 0

  constructor(repository: Repository, write: GroupWrite, base: GroupShards | undefined) {
    const { packs, parityShards } = write
    this.#repository = repository
    this.#write = write
    this.#base = base
    this.#shardBytes = packs.reduce((most, pack) => Math.max(most, pack?.bytes ?? 0), 0)
    const { repositoryId } = parityExpectationOf(repository)
    this.#groupId = groupIdOf(repositoryId, packs, parityShards)
    this.#combiner = createShardCombiner(parityShards, windowBytes)
    const before = base?.description.packs ?? packs.map(() => null)
    const isKept = (place: number): boolean => before[place]?.id === packs[place]?.id
    const summands = (list: typeof packs): Summand[] =>
      list.flatMap((pack, place) => {
        if (pack === null || isKept(place)) return []
        const numbers = Array.from({ length: parityShards }, (_, number) => number)
        const coefficients = numbers.map((number) => coefficientOf(number, place))
        return [{ place, pack, coefficients }]
      })
    this.#removed = summands(before)
    this.#added = summands(packs).map((summand) => ({
      ...summand,
      hasher: createPlainHasher(),
      checksums: [],
    }))
    this.#parityChecksums = Array.from({ length: parityShards }, () => [])
  }

  async run(signal: AbortSignal | undefined): Promise<WrittenGroup | UnwrittenGroup> {
    this.#createFiles()
    for (let first = 0; first * stripeBytes < this.#shardBytes; first += windowStripes) {
      signal?.throwIfAborted()
      const isWhole = await this.#carryOver(first)
      if (!isWhole) return { damagedPacks: [] }
      const damaged = await this.#addWindows(first * stripeBytes)
      if (damaged !== undefined) return { damagedPacks: [damaged] }
      this.#writeWindow(first * stripeBytes)
    }
    const damagedPacks = this.#added
      .filter(({ pack, hasher }) => hashToHex(hasher.digest()) !== pack.id)
      .map(({ pack }) => pack.id)
    if (damagedPacks.length > 0) return { damagedPacks }
    await this.#publish()
    return {
      groupId: this.#groupId,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#files.size * this.#shardBytes,
    }
  }

  discard(): void {
    for (const file of this.#files.values()) file.discard()
  }

  #createFiles(): void {
    const { packs, parityShards, numbers } = this.#write
    const shardBytes = this.#shardBytes
    for (let number = 0; number < parityShards; number++) {
      if (numbers !== undefined && !numbers.includes(number)) continue
      const description = { groupId: this.#groupId, packs, parityShards, number, shardBytes }
      this.#files.set(number, new ParityFile(this.#repository.storage, description))
    }
  }

  /**
   * Starts the sums of a window with the base's parity, without the packs that go.
   *
   * @returns false when something of it is damaged
   */
  async #carryOver(first: number): Promise<boolean> {
    this.#combiner.clear()
    if (this.#base === undefined) return true
    for (const [number, sum] of this.#combiner.sums.entries()) {
      const bytes = await this.#baseWindow({ kind: 'parity', index: number }, first)
      if (bytes === null) return false
      sum.set(bytes)
    }
    for (const { place, coefficients } of this.#removed) {
      const bytes = await this.#baseWindow({ kind: 'data', index: place }, first)
      if (bytes === null) return false
      this.#combiner.input.set(bytes)
      this.#combiner.add(coefficients, bytes.length)
    }
    return true
  }

  async #baseWindow(
    position: { readonly kind: 'data' | 'parity'; readonly index: number },
    first: number,
  ): Promise<Buffer | null> {
    const stripes = await this.#base!.readStripes(position, first)
    if (!stripes.every((stripe) => stripe !== null)) return null
    const bytes = Buffer.concat(stripes)
    this.#bytesRead += bytes.length
    return bytes
  }

  /**
   * Adds a window of every pack that comes in; the next one is read while one is worked on.
   *
   * @returns a pack that is not there or is shorter than it should be
   */
  async #addWindows(offset: number): Promise<PackId | undefined> {
    let next = this.#readPack(0, offset)
    for (const [index, { pack, hasher, checksums, coefficients }] of this.#added.entries()) {
      const bytes = await next
      next = this.#readPack(index + 1, offset)
      if (bytes === null) {
        await next
        return pack.id
      }
      this.#bytesRead += bytes.length
      hasher.update(bytes)
      checksums.push(...checksumsOf(bytes))
      this.#combiner.input.set(bytes)
      this.#combiner.add(coefficients, bytes.length)
    }
    return undefined
  }

  /** @returns null when there is less than there should be, no bytes behind the end */
  async #readPack(index: number, offset: number): Promise<Buffer | null> {
    const pack = this.#added[index]?.pack
    const lengthBytes = Math.min(windowBytes, (pack?.bytes ?? 0) - offset)
    if (pack === undefined || lengthBytes <= 0) return Buffer.alloc(0)
    try {
      return await this.#repository.storage.getRange(`packs/${pack.id}`, offset, lengthBytes)
    } catch (error) {
      if (!isLoss(error)) throw error
      return null
    }
  }

  #writeWindow(offset: number): void {
    const lengthBytes = Math.min(windowBytes, this.#shardBytes - offset)
    for (const [number, sum] of this.#combiner.sums.entries()) {
      const bytes = sum.subarray(0, lengthBytes)
      this.#parityChecksums[number].push(...checksumsOf(bytes))
      this.#files.get(number)?.writeShard(bytes, offset)
    }
  }

  async #publish(): Promise<void> {
    const { storage, catalogue } = this.#repository
    const checksums = this.#allChecksums()
    const published: { readonly id: ObjectId; readonly file: ParityFile }[] = []
    for (const file of this.#files.values()) {
      const id = await file.publish(checksums, parityExpectationOf(this.#repository))
      published.push({ id, file })
    }
    await storage.sync('parity')
    for (const { id, file } of published) catalogue.parity.add({ ...file.description, id })
  }

  #allChecksums(): Buffer {
    const added = new Map(this.#added.map(({ place, checksums }) => [place, checksums]))
    const ofPacks = this.#write.packs.flatMap((pack, place) => {
      if (pack === null) return []
      return added.get(place) ?? this.#base!.checksumsOf({ kind: 'data', index: place })
    })
    return Buffer.concat([...ofPacks, ...this.#parityChecksums.flat()])
  }
}

function checksumsOf(bytes: Uint8Array): Buffer[] {
  const count = stripeCount(bytes.length)
  return Array.from({ length: count }, (_, stripe) =>
    stripeChecksum(bytes.subarray(stripe * stripeBytes, (stripe + 1) * stripeBytes)),
  )
}
