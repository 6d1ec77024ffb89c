import type { Hasher } from './hasher.ts'
import { hashKeyBytes } from './hasher.ts'
import { loadNativeHasher } from './native-hasher.ts'
import type { HashImplementation } from './native-hasher.ts'

/** Hashes whole blobs under one key. */
export interface BlobHasher {
  /**
   * Keyed BLAKE3 of `bytes`: 32 bytes in a buffer of its own. `bytes` may be a view of shared or
   * WebAssembly memory.
   */
  hash(bytes: Uint8Array): Buffer
}

/** Hashes bytes that come in parts, without a key. */
export type PlainHasher = Omit<Hasher, 'reset'>

/** Hashes bytes that come in parts, under a key; `reset` starts the next message. */
export type KeyedHasher = Hasher

const implementation: HashImplementation = await chooseImplementation()

/** The portable one takes 20 ms to load, which every command would pay. */
async function chooseImplementation(): Promise<HashImplementation> {
  const native = process.env['HOLDFAST_PORTABLE_HASH'] === '1' ? undefined : loadNativeHasher()
  if (native) return native
  const { createPortableHasher, derivePortableKey } = await import('./portable-hasher.ts')
  return { createHasher: createPortableHasher, deriveKey: derivePortableKey }
}

/**
 * Makes a hasher for the ids of blobs; one is kept for many blobs, because a new native one costs
 * 10 µs and a reset 0.1 µs.
 *
 * @param key 32 bytes.
 * @throws {RangeError} for another length of key.
 */
export function createBlobHasher(key: Uint8Array): BlobHasher {
  const hasher = createKeyedHasher(key)
  return {
    hash(bytes) {
      hasher.reset()
      return hasher.update(bytes).digest()
    },
  }
}

/**
 * Makes an incremental keyed hasher.
 *
 * @param key 32 bytes; copied.
 * @throws {RangeError} for another length of key.
 */
export function createKeyedHasher(key: Uint8Array): KeyedHasher {
  if (key.length !== hashKeyBytes) {
    throw new RangeError(`Key of ${key.length} bytes: BLAKE3 takes ${hashKeyBytes}`)
  }
  return implementation.createHasher(key)
}

/** Makes an incremental hasher without a key, for names that anyone can check. */
export function createPlainHasher(): PlainHasher {
  return implementation.createHasher()
}

/** Plain BLAKE3 of `bytes`. */
export function plainHash(bytes: Uint8Array): Buffer {
  return createPlainHasher().update(bytes).digest()
}

/**
 * Derives a 32-byte key by BLAKE3's `derive_key` mode.
 *
 * @param context Hard-coded, unique in the program; separates the keys of one material.
 */
export function deriveKey(context: string, material: Uint8Array): Buffer {
  return implementation.deriveKey(context, material)
}

/** Lower-case hexadecimal digits. */
export function hashToHex(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex')
}
