import { createCipheriv, randomBytes } from 'node:crypto'
import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { encodeFrameDescriptor } from '../../../../src/format/encryption/frame-descriptor.ts'
import type { FrameDescriptor } from '../../../../src/format/encryption/frame-descriptor.ts'
import { createFrameSealer } from '../../../../src/format/encryption/frame-sealer.ts'
import type { FrameSealer } from '../../../../src/format/encryption/frame-sealer.ts'
import { encodeObjectHeader } from '../../../../src/format/object/object-header.ts'
import { countingBytes, frameRootKey, repositoryId, salt } from '../object/fixed-repository.ts'
import { acceptedChanges, errorOf } from '../object/refusals.ts'
import { webAssemblyBuffer } from '../object/webassembly-buffer.ts'

const payload = Buffer.from('the quick brown fox')

function headerOf(sealed: boolean, objectSalt = salt, id = repositoryId): Buffer {
  return encodeObjectHeader({ type: 'pack', sealed, repositoryId: id, salt: objectSalt })
}

function sealerOf(sealed: boolean, objectSalt = salt, id = repositoryId): FrameSealer {
  return createFrameSealer({ frameRootKey, header: headerOf(sealed, objectSalt, id) })
}

function stored(bytes: number, frameNumber = 0, role: 0 | 1 = 0): FrameDescriptor {
  return { codec: 0, role, frameNumber, plainBytes: bytes, payloadBytes: bytes }
}

function sealOne(sealer: FrameSealer, descriptor: FrameDescriptor, bytes: Uint8Array): Buffer {
  const target = Buffer.alloc(bytes.length + 16)
  expect(sealer.seal(descriptor, bytes, target, 0)).toBe(target.length)
  return target
}

describe.each([true, false])('createFrameSealer(), encrypted: %s', (sealed) => {
  it.each([0, 1, 15, 16, 65_535, 65_536, 65_537, 300_001])('gives back %i bytes', (length) => {
    const bytes = randomBytes(length)
    const frame = sealOne(sealerOf(sealed), stored(length), bytes)
    expect(bytes.equals(sealerOf(sealed).open(stored(length), frame))).toBe(true)
    const target = Buffer.alloc(length + 3, 9)
    const opened = sealerOf(sealed).open(stored(length), frame, target)
    expect(opened.buffer).toBe(target.buffer)
    expect(bytes.equals(opened)).toBe(true)
    expect(target.subarray(length)).toEqual(Buffer.alloc(3, 9))
  })

  it('writes at the offset and nowhere else', () => {
    const target = Buffer.alloc(payload.length + 16 + 10, 0xee)
    expect(sealerOf(sealed).seal(stored(payload.length), payload, target, 4)).toBe(35)
    expect(target.subarray(0, 4)).toEqual(Buffer.alloc(4, 0xee))
    expect(target.subarray(39)).toEqual(Buffer.alloc(6, 0xee))
    const frame = sealOne(sealerOf(sealed), stored(payload.length), payload)
    expect(target.subarray(4, 39)).toEqual(frame)
  })

  it('seals in place, and views of shared and of WebAssembly memory', () => {
    const bytes = randomBytes(100_000)
    const expected = sealOne(sealerOf(sealed), stored(bytes.length), bytes)
    const buffers = [
      new ArrayBuffer(131_072),
      new SharedArrayBuffer(131_072),
      webAssemblyBuffer({ initial: 2 }),
      webAssemblyBuffer({ initial: 2, maximum: 2, shared: true }),
    ]
    for (const buffer of buffers) {
      const target = new Uint8Array(buffer, 8)
      target.set(bytes, 0)
      sealerOf(sealed).seal(stored(bytes.length), target.subarray(0, bytes.length), target, 0)
      const frame = target.subarray(0, bytes.length + 16)
      expect(expected.equals(frame)).toBe(true)
      expect(bytes.equals(sealerOf(sealed).open(stored(bytes.length), frame))).toBe(true)
    }
  })

  it('refuses every cut and every flipped bit, tags shorter than 16 bytes among them', () => {
    const sealer = sealerOf(sealed)
    const frame = sealOne(sealer, stored(payload.length), payload)
    const read = (changed: Buffer) => sealer.open(stored(payload.length), changed)
    expect(acceptedChanges(frame, read)).toEqual([])
    for (const tagBytes of [0, 4, 8, 12, 15]) {
      const shorter = stored(payload.length)
      expect(() => sealer.open(shorter, frame.subarray(0, payload.length + tagBytes))).toThrow(
        DamageError,
      )
    }
  })

  it('refuses a descriptor that differs in any field', () => {
    const sealer = sealerOf(sealed)
    const descriptor: FrameDescriptor = { ...stored(payload.length), codec: 1, plainBytes: 40 }
    const frame = sealOne(sealer, descriptor, payload)
    expect(payload.equals(sealer.open(descriptor, frame))).toBe(true)
    for (const change of [
      { role: 1 as const },
      { frameNumber: 1 },
      { plainBytes: 41 },
      { codec: 0 as const, plainBytes: payload.length },
      { payloadBytes: payload.length - 1 },
    ]) {
      expect(() => sealer.open({ ...descriptor, ...change }, frame)).toThrow(DamageError)
    }
  })

  it('refuses a frame from another place, object, repository, type or sealing', () => {
    const descriptor = stored(payload.length)
    const frame = sealOne(sealerOf(sealed), descriptor, payload)
    const otherType = Buffer.from(headerOf(sealed))
    otherType[9] = 3
    const others = [
      sealerOf(sealed, countingBytes(32)),
      sealerOf(sealed, salt, countingBytes(16)),
      sealerOf(!sealed),
      createFrameSealer({ frameRootKey, header: otherType }),
      createFrameSealer({ frameRootKey: countingBytes(32), header: headerOf(sealed) }),
    ]
    for (const other of others) expect(() => other.open(descriptor, frame)).toThrow(DamageError)
  })

  it('leaves no plaintext in the target when the tag is wrong', () => {
    const frame = sealOne(sealerOf(sealed), stored(payload.length), payload)
    frame[frame.length - 1] ^= 1
    const target = Buffer.alloc(payload.length)
    const error = errorOf(() => sealerOf(sealed).open(stored(payload.length), frame, target))
    expect(error).toBeInstanceOf(DamageError)
    expect(target).toEqual(Buffer.alloc(payload.length))
  })

  it('seals no position twice', () => {
    const sealer = sealerOf(sealed)
    sealOne(sealer, stored(1, 5), payload.subarray(0, 1))
    for (const frameNumber of [5, 4, 0]) {
      const again = () => sealOne(sealer, stored(1, frameNumber), payload.subarray(0, 1))
      expect(again).toThrow(RangeError)
    }
    sealOne(sealer, stored(1, 0, 1), payload.subarray(0, 1))
    sealOne(sealer, stored(1, 6), payload.subarray(0, 1))
  })

  it('refuses lengths that do not fit', () => {
    const sealer = sealerOf(sealed)
    const room = Buffer.alloc(64)
    expect(() => sealer.seal(stored(3), payload, room, 0)).toThrow(RangeError)
    expect(() => sealer.seal(stored(19), payload, room, 30)).toThrow(RangeError)
    const frame = sealOne(sealer, stored(19), payload)
    expect(() => sealer.open(stored(19), frame, Buffer.alloc(18))).toThrow(RangeError)
  })

  it('gives equal payloads different bytes in different objects', () => {
    const first = sealOne(sealerOf(sealed), stored(19), payload)
    const second = sealOne(sealerOf(sealed, countingBytes(32)), stored(19), payload)
    expect(first.subarray(19)).not.toEqual(second.subarray(19))
    expect(first.subarray(0, 19).equals(second.subarray(0, 19))).toBe(!sealed)
  })
})

describe('createFrameSealer(), against docs/FORMAT.md', () => {
  const frameKey = blake3(salt, { key: frameRootKey })

  it('encrypts under the frame key with the nonce of the position', () => {
    const descriptor = stored(payload.length, 0x01020304, 1)
    const nonce = Buffer.from('010000000403020100000000', 'hex')
    const cipher = createCipheriv('aes-256-gcm', frameKey, nonce)
    cipher.setAAD(Buffer.concat([headerOf(true), encodeFrameDescriptor(descriptor)]))
    const expected = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()])
    expect(sealOne(sealerOf(true), descriptor, payload)).toEqual(expected)
  })

  it('tags an unencrypted payload with the keyed hash of additional data and payload', () => {
    const descriptor = stored(payload.length, 7)
    const message = Buffer.concat([headerOf(false), encodeFrameDescriptor(descriptor), payload])
    const tag = blake3(message, { key: frameKey }).subarray(0, 16)
    const expected = Buffer.concat([payload, tag])
    expect(sealOne(sealerOf(false), descriptor, payload)).toEqual(expected)
  })

  it('uses no key stream twice: 2,000 positions in 10 objects', () => {
    const zeros = Buffer.alloc(16)
    const ledger = new Set<string>()
    for (let object = 0; object < 10; object++) {
      const sealer = sealerOf(true, countingBytes(32, object))
      for (let number = 0; number < 100; number++) {
        for (const role of [0, 1] as const) {
          // Encrypted zeros are the key stream itself.
          const frame = sealOne(sealer, stored(16, number * 40_000_000, role), zeros)
          ledger.add(frame.toString('hex', 0, 16))
        }
      }
    }
    expect(ledger.size).toBe(2_000)
  })
})
