import { createRequire } from 'node:module'
import { HoldfastError } from '../../foundation/errors.ts'
import type { Hasher } from './hasher.ts'

type NativePackage = typeof import('@napi-rs/blake-hash')
type NativeState = InstanceType<NativePackage['Blake3Hasher']>

/**
 * Makes a hasher, keyed when a key of 32 bytes is given. Any other key length would abort the
 * process.
 */
export type CreateHasher = (key?: Uint8Array) => Hasher

/** One implementation of BLAKE3. */
export interface HashImplementation {
  readonly createHasher: CreateHasher
  /** The `derive_key` mode: 32 bytes. */
  readonly deriveKey: (context: string, material: Uint8Array) => Buffer
}

/**
 * Loads `@napi-rs/blake-hash`.
 *
 * @returns undefined when the package has no binary for this machine.
 * @throws {HoldfastError} `INTERNAL` when it loads but computes another hash: ids from it would be
 * worthless.
 */
export function loadNativeHasher(): HashImplementation | undefined {
  let native: NativePackage
  try {
    native = createRequire(import.meta.url)('@napi-rs/blake-hash')
  } catch {
    return undefined
  }
  const createHasher: CreateHasher = (key) => new NativeHasher(stateOf(native, key))
  assertKnownAnswer(createHasher)
  const deriveKey = (context: string, material: Uint8Array): Buffer =>
    native.Blake3Hasher.deriveKey(context, Buffer.from(material))
  return { createHasher, deriveKey }
}

function stateOf(native: NativePackage, key: Uint8Array | undefined): NativeState {
  return key === undefined
    ? new native.Blake3Hasher()
    : native.Blake3Hasher.newKeyed(Buffer.from(key))
}

class NativeHasher implements Hasher {
  readonly #state: NativeState

  constructor(state: NativeState) {
    this.#state = state
  }

  reset(): void {
    this.#state.reset()
  }

  update(bytes: Uint8Array): this {
    this.#state.update(bytes)
    return this
  }

  digest(): Buffer {
    // By way of hexadecimal digits because it takes 0.9 µs, `digestBuffer` 1.2 µs and an external
    // allocation, which the garbage collector has to finalise one by one when ids are kept by the
    // thousand.
    return Buffer.from(this.#state.digest('hex'), 'hex')
  }
}

/**
 * The longest input but one of the official test vectors: long enough for the vector code, which
 * differs between processors.
 */
const knownInputBytes = 31_744
const knownHash = 'efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419'

function assertKnownAnswer(createHasher: CreateHasher): void {
  const input = Uint8Array.from({ length: knownInputBytes }, (_, index) => index % 251)
  const key = Buffer.from('whats the Elvish word for friend', 'latin1')
  const found = createHasher(key).update(input).digest().toString('hex')
  if (found === knownHash) return
  throw new HoldfastError('INTERNAL', `Cannot use native BLAKE3: known input hashes to ${found}`, {
    remedy: 'Reinstall the dependencies, or set HOLDFAST_PORTABLE_HASH=1',
  })
}
