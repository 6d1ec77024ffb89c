import type { ParityGroupRow } from '../../catalogue/parity-table.ts'
import { recoveryCoefficients, type ShardPosition } from '../../format/parity/coding-matrix.ts'
import { createShardCombiner } from '../../format/parity/kernel-combiner.ts'
import { stripeBytes, stripeCount } from '../../format/parity/parity-head.ts'
import type { ShardCombiner } from '../../format/parity/shard-combiner.ts'
import { objectIdOf } from '../../format/object/object-name.ts'
import type { PackId } from '../../model/ids.ts'
import { getBytesMax } from '../../storage/storage.ts'
import type { Repository } from '../repository.ts'
import { GroupShards, windowStripes } from './group-shards.ts'

/** A pack as it was written: its name is the hash of `bytes`. */
export interface ReconstructedPack {
  readonly packId: PackId
  readonly bytes: Buffer
}

/** A pack that parity cannot bring back. */
export interface UnrecoverablePack {
  readonly packId: PackId
  readonly bytes: null
  /** What is missing, as the end of a sentence. */
  readonly reason: string
}

export type Reconstruction = ReconstructedPack | UnrecoverablePack

/**
 * Brings back lost and damaged packs from the others of their groups. Only reads; in memory is one pack at a time and 1 MiB of each
 * shard of its group.
 *
 * Works stripe by stripe: in each stripe of 64 KiB any shards of the group may be bad, as many as it has parity objects, and in
 * another stripe others. What is whole of the damaged pack is used. A result is handed out only when its hash is its name, so neither
 * damaged nor hostile parity can make wrong bytes.
 */
export async function* reconstructPacks(
  repository: Repository,
  packIds: Iterable<PackId>,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Reconstruction, void, undefined> {
  const groups = repository.catalogue.parity.groups()
  for (const packId of packIds) {
    yield await reconstructPack(repository, groups, packId, options.signal)
  }
}

async function reconstructPack(
  repository: Repository,
  groups: readonly ParityGroupRow[],
  packId: PackId,
  signal: AbortSignal | undefined,
): Promise<Reconstruction> {
  let reason = 'no parity group holds it'
  for (const group of groups) {
    const place = group.packs.findIndex((pack) => pack?.id === packId)
    if (place < 0) continue
    const shards = await GroupShards.open(repository, group)
    if (shards === undefined) {
      reason = 'the parity objects of its group are lost'
      continue
    }
    if (!hasKnownLength(repository, shards, place, packId)) {
      reason = 'its parity group gives it another length than its index object'
      continue
    }
    const bytes = await new PackRecovery(shards, place, signal).run()
    if (typeof bytes === 'string') reason = bytes
    else if (objectIdOf(bytes) === packId) return { packId, bytes }
    else reason = 'what its parity group gives has another hash'
  }
  return { packId, bytes: null, reason }
}

/** The length decides on how much memory is taken, so a hostile group must not choose it. */
function hasKnownLength(
  { catalogue }: Repository,
  shards: GroupShards,
  place: number,
  packId: PackId,
): boolean {
  const length = shards.lengthOf({ kind: 'data', index: place })
  const known = catalogue.blobs.packById(packId)
  return known === undefined ? length <= getBytesMax : known.bytes === length
}

type Stripes = readonly (Buffer | null)[]

/** Stripes of all shards of the group in one window, each shard read when it is needed. */
class ShardWindow {
  readonly #shards: GroupShards
  readonly #first: number
  readonly #read = new Map<string, Promise<Stripes>>()

  constructor(shards: GroupShards, first: number) {
    this.#shards = shards
    this.#first = first
  }

  stripesOf(position: ShardPosition): Promise<Stripes> {
    const key = `${position.kind} ${position.index}`
    const known = this.#read.get(key)
    if (known) return known
    const stripes = this.#shards.readStripes(position, this.#first)
    this.#read.set(key, stripes)
    return stripes
  }
}

class PackRecovery {
  readonly #shards: GroupShards
  readonly #place: number
  readonly #signal: AbortSignal | undefined
  readonly #combiner: ShardCombiner = createShardCombiner(1, stripeBytes)
  readonly #coefficients = new Map<string, ReturnType<typeof recoveryCoefficients>>()

  constructor(shards: GroupShards, place: number, signal: AbortSignal | undefined) {
    this.#shards = shards
    this.#place = place
    this.#signal = signal
  }

  /** @returns the bytes of the pack, not yet proved; a text when there is too little */
  async run(): Promise<Buffer | string> {
    const position: ShardPosition = { kind: 'data', index: this.#place }
    const lengthBytes = this.#shards.lengthOf(position)
    const result = Buffer.allocUnsafe(lengthBytes)
    const stripesInAll = stripeCount(lengthBytes)
    for (let first = 0; first < stripesInAll; first += windowStripes) {
      this.#signal?.throwIfAborted()
      const window = new ShardWindow(this.#shards, first)
      const own = await window.stripesOf(position)
      for (const [stripe, bytes] of own.entries()) {
        const offset = (first + stripe) * stripeBytes
        const target = result.subarray(offset, Math.min(offset + stripeBytes, lengthBytes))
        if (bytes !== null) {
          target.set(bytes)
          continue
        }
        const missing = await this.#recoverStripe(window, stripe, target)
        if (missing !== undefined) return `${missing} at offset ${offset}`
      }
    }
    return result
  }

  /** @returns what is missing; undefined when `target` is filled */
  async #recoverStripe(
    window: ShardWindow,
    stripe: number,
    target: Buffer,
  ): Promise<string | undefined> {
    const { packs, parityShards } = this.#shards.description
    const lost: number[] = []
    const places: number[] = []
    const bytesOfPlaces: Buffer[] = []
    const ofPlaces = await Promise.all(
      packs.map((_, place) => window.stripesOf({ kind: 'data', index: place })),
    )
    for (const [place, stripes] of ofPlaces.entries()) {
      // Behind the end of a shorter pack there are zeros, which add nothing.
      if (stripe >= stripes.length) continue
      const bytes = stripes[stripe]
      if (bytes === null) lost.push(place)
      else {
        places.push(place)
        bytesOfPlaces.push(bytes)
      }
    }
    const numbers: number[] = []
    const bytesOfNumbers: Buffer[] = []
    for (let number = 0; number < parityShards && numbers.length < lost.length; number++) {
      const bytes = (await window.stripesOf({ kind: 'parity', index: number }))[stripe]
      if (!bytes) continue
      numbers.push(number)
      bytesOfNumbers.push(bytes)
    }
    if (numbers.length < lost.length) {
      return `${lost.length} packs of its parity group are damaged and only ${numbers.length} parity objects are whole`
    }
    const coefficients = this.#coefficientsOf(lost, numbers, places)
    this.#combiner.clear()
    for (const [index, bytes] of bytesOfPlaces.entries()) this.#add(coefficients.data[index], bytes)
    for (const [index, bytes] of bytesOfNumbers.entries()) {
      this.#add(coefficients.parity[index], bytes)
    }
    target.set(this.#combiner.sums[0].subarray(0, target.length))
    return undefined
  }

  #add(coefficient: number, bytes: Buffer): void {
    this.#combiner.input.set(bytes)
    this.#combiner.add([coefficient], bytes.length)
  }

  /** Most stripes have the same shards at hand. */
  #coefficientsOf(
    lost: readonly number[],
    numbers: readonly number[],
    places: readonly number[],
  ): ReturnType<typeof recoveryCoefficients> {
    const key = `${lost.join()} ${numbers.join()} ${places.join()}`
    let coefficients = this.#coefficients.get(key)
    if (coefficients === undefined) {
      coefficients = recoveryCoefficients(this.#place, lost, numbers, places)
      this.#coefficients.set(key, coefficients)
    }
    return coefficients
  }
}
