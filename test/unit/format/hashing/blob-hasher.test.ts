import * as fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  createBlobHasher,
  createKeyedHasher,
  createPlainHasher,
  deriveKey,
  hashToHex,
  plainHash,
} from '../../../../src/format/hashing/blob-hasher.ts'
import type { CreateHasher } from '../../../../src/format/hashing/native-hasher.ts'
import { loadNativeHasher } from '../../../../src/format/hashing/native-hasher.ts'
import {
  createPortableHasher,
  keyedStream,
} from '../../../../src/format/hashing/portable-hasher.ts'
import {
  keyedStreamOfOneByte,
  vectorContext,
  vectorInput,
  vectorKey,
  vectors,
} from './blake3-vectors.ts'
import { webAssemblyBuffer } from '../object/webassembly-buffer.ts'

const nativeImplementation = loadNativeHasher()

function native(): CreateHasher {
  if (!nativeImplementation) throw new Error('the native package does not load here')
  return nativeImplementation.createHasher
}

describe('official BLAKE3 vectors', () => {
  for (const vector of vectors) {
    const input = vectorInput(vector.inputBytes)

    it(`hold for the exported functions at ${vector.inputBytes} bytes`, () => {
      expect(hashToHex(plainHash(input))).toBe(vector.plain)
      expect(hashToHex(createBlobHasher(vectorKey).hash(input))).toBe(vector.keyed)
      expect(hashToHex(deriveKey(vectorContext, input))).toBe(vector.derived)
    })

    it(`hold for the portable hasher at ${vector.inputBytes} bytes`, () => {
      expect(hashToHex(createPortableHasher().update(input).digest())).toBe(vector.plain)
      expect(hashToHex(createPortableHasher(vectorKey).update(input).digest())).toBe(vector.keyed)
    })
  }

  it('hold for the extended output', () => {
    expect(keyedStream(vectorKey, '\0', 64).toString('hex')).toBe(keyedStreamOfOneByte)
  })
})

describe('native and portable hashers', () => {
  const edges = [0, 1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 4096, 8193, 16_385]

  it('agree at the edges of blocks and BLAKE3 chunks', () => {
    const bytes = vectorInput(Math.max(...edges)).map((byte) => byte ^ 0xa5)
    for (const lengthBytes of edges) {
      const part = bytes.subarray(0, lengthBytes)
      const portable = createPortableHasher(vectorKey).update(part).digest()
      expect(native()(vectorKey).update(part).digest()).toEqual(portable)
    }
  })

  it('agree on random keys and random parts', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const parts = fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 5 })
    fc.assert(
      fc.property(fc.option(key, { nil: undefined }), parts, (keyOrNone, input) => {
        const ours = native()(keyOrNone)
        const reference = createPortableHasher(keyOrNone)
        for (const part of input) {
          ours.update(part)
          reference.update(part)
          expect(ours.digest()).toEqual(reference.digest())
        }
        ours.reset()
        reference.reset()
        expect(ours.digest()).toEqual(reference.digest())
      }),
      { numRuns: 200 },
    )
  })
})

describe('createBlobHasher()', () => {
  const input = vectorInput(2049)

  it('gives the same id for a view of WebAssembly memory and of shared memory', () => {
    const hasher = createBlobHasher(vectorKey)
    const expected = hasher.hash(input)
    const buffers = [webAssemblyBuffer({ initial: 1 }), new SharedArrayBuffer(4096)] as const
    for (const buffer of buffers) {
      const view = new Uint8Array(buffer, 17, input.length)
      view.set(input)
      expect(hasher.hash(view)).toEqual(expected)
    }
  })

  it('gives each hash a buffer of its own', () => {
    const hasher = createBlobHasher(vectorKey)
    const first = hasher.hash(input)
    const copy = Buffer.from(first)
    hasher.hash(new Uint8Array(3))
    expect(first).toEqual(copy)
  })

  it('keeps its key when the caller wipes theirs', () => {
    const key = Buffer.from(vectorKey)
    const hasher = createBlobHasher(key)
    key.fill(0)
    expect(hasher.hash(input)).toEqual(createBlobHasher(vectorKey).hash(input))
  })

  it('refuses keys that are not 32 bytes long', () => {
    for (const lengthBytes of [0, 31, 33]) {
      expect(() => createBlobHasher(new Uint8Array(lengthBytes))).toThrow(RangeError)
      expect(() => createKeyedHasher(new Uint8Array(lengthBytes))).toThrow(RangeError)
    }
  })
})

describe('createPlainHasher()', () => {
  it('hashes parts as the whole', () => {
    const input = vectorInput(5000)
    const hasher = createPlainHasher()
    for (let offset = 0; offset < input.length; offset += 333) {
      hasher.update(input.subarray(offset, offset + 333))
    }
    expect(hasher.digest()).toEqual(plainHash(input))
  })
})

describe('HOLDFAST_PORTABLE_HASH', () => {
  it('keeps the native package unloaded and changes no hash', () => {
    const module = new URL('../../../../src/format/hashing/blob-hasher.ts', import.meta.url).href
    const script = `import { createRequire } from 'node:module'
      const { plainHash, hashToHex } = await import(${JSON.stringify(module)})
      const loaded = Object.keys(createRequire(${JSON.stringify(module)}).cache)
      const hash = hashToHex(plainHash(new Uint8Array(0)))
      process.stdout.write(hash + ' ' + loaded.some((path) => path.includes('blake-hash')))`
    const run = (portable: string): string =>
      spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
        encoding: 'utf8',
        env: { ...process.env, HOLDFAST_PORTABLE_HASH: portable },
      }).stdout
    expect(run('1')).toBe(`${vectors[0].plain} false`)
    expect(run('0')).toBe(`${vectors[0].plain} true`)
  })
})
