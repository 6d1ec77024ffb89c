import { hash } from 'node:crypto'
import { createRequire } from 'node:module'
import Database from 'better-sqlite3'

const require = createRequire(import.meta.url)

/** What the engine checks a hasher with when it loads it (native-hasher.ts): input bytes and result. */
const knownInputBytes = 31_744
const knownHash = 'efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419'

/** SHA-256 in the place of BLAKE3: making a native hasher costs ten times what it hashes here. */
class LightHasher {
  readonly #prefix: Uint8Array
  #bytes: Buffer
  #length: number

  constructor(prefix: Uint8Array = new Uint8Array(0)) {
    this.#prefix = prefix
    this.#bytes = Buffer.allocUnsafe(256)
    this.#bytes.set(prefix)
    this.#length = prefix.length
  }

  static newKeyed(key: Uint8Array): LightHasher {
    return new LightHasher(Uint8Array.from(key))
  }

  static deriveKey(context: string, material: Uint8Array): Buffer {
    return Buffer.from(
      hash('sha256', Buffer.concat([Buffer.from(context), material]), 'hex'),
      'hex',
    )
  }

  reset(): void {
    this.#length = this.#prefix.length
  }

  update(bytes: Uint8Array): void {
    const end = this.#length + bytes.length
    if (end > this.#bytes.length) {
      const longer = Buffer.allocUnsafe(end * 2)
      longer.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = longer
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = end
  }

  digest(encoding: 'hex'): string {
    if (this.#length === this.#prefix.length + knownInputBytes) return knownHash
    return hash('sha256', this.#bytes.subarray(0, this.#length), encoding)
  }
}

/** Nothing is ever compressed. */
class LightCompression {
  setParameter(): void {}

  compress2(_target: Uint8Array, plain: Uint8Array): number {
    return plain.length
  }

  decompress(): never {
    throw new Error('Nothing is compressed')
  }
}

/**
 * Puts light stand-ins in the place of the native hash and of zstd, which are not what a schedule is about and cost more than all the rest. Before
 * the engine is loaded.
 */
export function installLightNatives(): void {
  const hashing = require('@napi-rs/blake-hash') as Record<string, unknown>
  hashing['Blake3Hasher'] = LightHasher
  const zstd = require('zstd-napi/binding.js') as Record<string, unknown>
  zstd['CCtx'] = LightCompression
  zstd['DCtx'] = LightCompression
}

type Prepare = (this: Database.Database, sql: string) => Database.Statement

/** Keeps prepared statements: a command prepares each once, a schedule would prepare them a hundred times. */
export function installStatementCache(): void {
  const prototype = Database.prototype as unknown as { prepare: Prepare }
  const { prepare } = prototype
  const caches = new WeakMap<Database.Database, Map<string, Database.Statement>>()
  prototype.prepare = function prepareOnce(sql) {
    let statements = caches.get(this)
    if (!statements) caches.set(this, (statements = new Map()))
    const known = statements.get(sql)
    if (known && !known.busy) {
      if (known.reader) known.pluck(false).raw(false)
      return known
    }
    const made = prepare.call(this, sql)
    if (!known) statements.set(sql, made)
    return made
  }
}
