import { RepositoryError } from '../../src/foundation/errors.ts'
import type { ObjectFolder } from '../../src/storage/object-name.ts'
import type {
  ObjectStatus,
  PutGuard,
  Storage,
  StorageCapabilities,
  StoredObject,
} from '../../src/storage/storage.ts'

export const faultyCalls = [
  'get',
  'getRange',
  'stat',
  'put',
  'putFile',
  'delete',
  'list',
  'sync',
] as const
export type FaultyCall = (typeof faultyCalls)[number]

/**
 * `fail` and `full` reject without doing anything; `fail-after` does the work and rejects all the
 * same, like a lost answer; `drop` resolves without doing anything, like a lying disk; `flip`
 * changes one bit of what is read or written; `short` leaves out the last byte of what is read;
 * `delay` waits a millisecond first.
 */
export const faultEffects = [
  'fail',
  'full',
  'fail-after',
  'drop',
  'flip',
  'short',
  'delay',
] as const
export type FaultEffect = (typeof faultEffects)[number]

export interface Fault {
  readonly call: FaultyCall
  /** Which of the calls of this kind, from 1. */
  readonly nth: number
  readonly effect: FaultEffect
}

/** mulberry32: small, seeded, good enough to choose faults. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Faults drawn from a seed; equal seeds give equal faults. */
export function randomFaults(seed: number, options: { count: number; nthMax: number }): Fault[] {
  const random = seededRandom(seed)
  const draw = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]
  return Array.from({ length: options.count }, () => ({
    call: draw(faultyCalls),
    nth: 1 + Math.floor(random() * options.nthMax),
    effect: draw(faultEffects),
  }))
}

/** Passes everything on to a real storage, except for the calls that are to go wrong. */
export class FaultyStorage implements Storage {
  /** Every call in order, as `put packs/…`. */
  readonly calls: string[] = []
  /** Faults that were met. */
  readonly met: Fault[] = []
  readonly #storage: Storage
  readonly versions = null
  readonly #faults: readonly Fault[]
  readonly #random: () => number
  readonly #counts = new Map<FaultyCall, number>()

  constructor(storage: Storage, faults: readonly Fault[], seed: number = 1) {
    this.#storage = storage
    this.#faults = faults
    this.#random = seededRandom(seed)
  }

  get location(): string {
    return this.#storage.location
  }

  /** Worker threads would open the storage behind this one, where nothing goes wrong. */
  get capabilities(): StorageCapabilities {
    return { ...this.#storage.capabilities, opensInWorkers: false }
  }

  localFolders(): readonly string[] {
    return this.#storage.localFolders()
  }

  prepare(): Promise<void> {
    return this.#storage.prepare()
  }

  get(name: string, bytesMax?: number): Promise<Buffer> {
    return this.#read('get', name, () => this.#storage.get(name, bytesMax))
  }

  getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return this.#read('getRange', name, () =>
      this.#storage.getRange(name, offsetBytes, lengthBytes),
    )
  }

  probePuts(): Promise<PutGuard> {
    return this.#storage.probePuts()
  }

  stat(name: string): Promise<ObjectStatus> {
    return this.#run('stat', name, () => this.#storage.stat(name), { bytes: 0, modifiedAtMs: 0 })
  }

  put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes)
    return this.#run(
      'put',
      name,
      (effect) => this.#storage.put(name, effect === 'flip' ? this.#flipBit(copy) : copy),
      undefined,
    )
  }

  putFile(name: string, localPath: string): Promise<void> {
    return this.#run('putFile', name, () => this.#storage.putFile(name, localPath), undefined)
  }

  replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#run('put', name, () => this.#storage.replace(name, bytes), undefined)
  }

  delete(name: string): Promise<void> {
    return this.#run('delete', name, () => this.#storage.delete(name), undefined)
  }

  list(folder: ObjectFolder): Promise<StoredObject[]> {
    return this.#run('list', folder, () => this.#storage.list(folder), [])
  }

  listNames(folder: ObjectFolder): Promise<string[]> {
    return this.#run('list', folder, () => this.#storage.listNames(folder), [])
  }

  sync(folder: ObjectFolder): Promise<void> {
    return this.#run('sync', folder, () => this.#storage.sync(folder), undefined)
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  async #read(call: FaultyCall, name: string, read: () => Promise<Buffer>): Promise<Buffer> {
    return this.#run(
      call,
      name,
      async (effect) => {
        const bytes = await read()
        if (effect === 'flip') return this.#flipBit(bytes)
        return effect === 'short' ? bytes.subarray(0, Math.max(0, bytes.length - 1)) : bytes
      },
      Buffer.alloc(0),
    )
  }

  async #run<T>(
    call: FaultyCall,
    name: string,
    work: (effect: FaultEffect | undefined) => Promise<T>,
    dropped: T,
  ): Promise<T> {
    const effect = this.#meet(call, name)
    if (effect === 'fail' || effect === 'full') throw this.#error(call, name, effect)
    if (effect === 'drop') return dropped
    if (effect === 'delay') await new Promise((resolve) => setTimeout(resolve, 1))
    const result = await work(effect)
    if (effect === 'fail-after') throw this.#error(call, name, effect)
    return result
  }

  #meet(call: FaultyCall, name: string): FaultEffect | undefined {
    const nth = (this.#counts.get(call) ?? 0) + 1
    this.#counts.set(call, nth)
    this.calls.push(`${call} ${name}`)
    const fault = this.#faults.find((candidate) => candidate.call === call && candidate.nth === nth)
    if (fault !== undefined) this.met.push(fault)
    return fault?.effect
  }

  #flipBit(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    if (copy.length === 0) return copy
    const bit = Math.floor(this.#random() * copy.length * 8)
    copy[bit >> 3] ^= 1 << (bit & 7)
    return copy
  }

  #error(call: FaultyCall, name: string, effect: FaultEffect): RepositoryError {
    const code = effect === 'full' ? 'STORAGE_FULL' : 'STORAGE_FAILED'
    return new RepositoryError(code, `Cannot ${call} "${name}": injected fault (${effect})`, {
      facts: { name, call, effect },
    })
  }
}
