import { blake3 } from '@noble/hashes/blake3.js'
import type { Hasher } from './hasher.ts'

type NobleState = ReturnType<typeof blake3.create>

/**
 * BLAKE3 in plain JavaScript, about a hundredth of the native speed.
 *
 * It serves where the native package does not load, and as the independent implementation tests
 * compare with.
 *
 * @param key 32 bytes for the keyed mode; without it the plain hash.
 */
export function createPortableHasher(key?: Uint8Array): Hasher {
  const initial = key === undefined ? blake3.create() : blake3.create({ key })
  return new PortableHasher(initial)
}

class PortableHasher implements Hasher {
  readonly #initial: NobleState
  #state: NobleState

  constructor(initial: NobleState) {
    this.#initial = initial
    this.#state = initial.clone()
  }

  reset(): void {
    this.#state = this.#initial.clone()
  }

  update(bytes: Uint8Array): this {
    this.#state.update(bytes)
    return this
  }

  digest(): Buffer {
    // A finished state takes no more bytes; the native hasher's does, so only a copy is finished.
    return viewOf(this.#state.clone().digest())
  }
}

/** BLAKE3 `derive_key`: a 32-byte key for one purpose, named by `context`. */
export function derivePortableKey(context: string, material: Uint8Array): Buffer {
  return viewOf(blake3(material, { context: Buffer.from(context, 'utf8') }))
}

/** `lengthBytes` bytes of the keyed extended output of `message`. */
export function keyedStream(key: Uint8Array, message: string, lengthBytes: number): Buffer {
  return viewOf(blake3(Buffer.from(message, 'utf8'), { key, dkLen: lengthBytes }))
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
