import { randomBytes } from 'node:crypto'
import binding from 'zstd-napi/binding.js'
import { describe, expect, it } from 'vitest'
import { DamageError, HoldfastError } from '../../../../src/foundation/errors.ts'
import {
  compressBound,
  createCompressor,
  createDecompressor,
} from '../../../../src/format/compression/zstd.ts'
import { readZstdHeader } from '../../../../src/format/compression/zstd-header.ts'
import { acceptedChanges } from '../object/refusals.ts'
import { webAssemblyBuffer } from '../object/webassembly-buffer.ts'

const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(40))
const compressor = createCompressor(3)
const decompressor = createDecompressor()

function compress(plain: Uint8Array): Buffer {
  const target = Buffer.alloc(compressBound(plain.length))
  const { codec, bytes } = compressor.compress(plain, target)
  expect(codec).toBe(1)
  return target.subarray(0, bytes)
}

/** A frame made by the streaming call, which knows nothing of the length unless it is told. */
function streamedFrame(plain: Uint8Array, windowLog: number): Buffer {
  const context = new binding.CCtx()
  context.setParameter(binding.CParameter.windowLog, windowLog)
  const target = Buffer.alloc(compressBound(plain.length))
  const [, head] = context.compressStream2(target, plain, binding.EndDirective.continue)
  const rest = target.subarray(head)
  const [left, tail] = context.compressStream2(rest, new Uint8Array(0), binding.EndDirective.end)
  expect(left).toBe(0)
  return target.subarray(0, head + tail)
}

describe('createCompressor()', () => {
  it('announces the length, and adds neither checksum nor dictionary', () => {
    const frame = compress(text)
    expect(readZstdHeader(frame).contentBytes).toBe(text.length)
    expect(frame[4] & 0b0000_0111).toBe(0)
  })

  it('stores what zstd cannot shrink by three per cent', () => {
    const target = Buffer.alloc(compressBound(10_000))
    expect(compressor.compress(randomBytes(10_000), target)).toEqual({ codec: 0, bytes: 10_000 })
    const nearly = Buffer.concat([randomBytes(9_750), Buffer.alloc(250)])
    expect(compressor.compress(nearly, target)).toEqual({ codec: 0, bytes: 10_000 })
    const enough = Buffer.concat([randomBytes(9_500), Buffer.alloc(500)])
    expect(compressor.compress(enough, target).codec).toBe(1)
    expect(compressor.compress(new Uint8Array(0), target)).toEqual({ codec: 0, bytes: 0 })
  })

  it('refuses a target below the bound, and levels that zstd does not have', () => {
    expect(() => compressor.compress(text, Buffer.alloc(text.length))).toThrow(RangeError)
    for (const level of [-8, 23, 1.5, Number.NaN]) {
      expect(() => createCompressor(level)).toThrow(RangeError)
    }
  })

  it.each([-7, 1, 3, 19])('writes at level %i what the decompressor reads', (level) => {
    const target = Buffer.alloc(compressBound(text.length))
    const { bytes } = createCompressor(level).compress(text, target)
    const plain = decompressor.decompress(target.subarray(0, bytes), text.length)
    expect(text.equals(plain)).toBe(true)
  })

  it.each([
    ['shared', new SharedArrayBuffer(65_536)],
    ['WebAssembly', webAssemblyBuffer({ initial: 1 })],
    ['shared WebAssembly', webAssemblyBuffer({ initial: 1, maximum: 1, shared: true })],
  ])('takes views of %s memory as source and target', (_name, buffer) => {
    const source = new Uint8Array(buffer, 3, text.length)
    const target = new Uint8Array(buffer, 20_000, compressBound(text.length))
    const back = new Uint8Array(buffer, 40_001, text.length)
    source.set(text)
    const { bytes } = compressor.compress(source, target)
    const frame = target.subarray(0, bytes)
    expect(compress(text).equals(frame)).toBe(true)
    expect(decompressor.decompress(frame, text.length, back).buffer).toBe(buffer)
    expect(text.equals(back)).toBe(true)
  })
})

describe('createDecompressor()', () => {
  it('writes into the target and nowhere else', () => {
    const target = Buffer.alloc(text.length + 5, 0xee)
    const plain = decompressor.decompress(compress(text), text.length, target)
    expect(plain.length).toBe(text.length)
    expect(text.equals(target.subarray(0, text.length))).toBe(true)
    expect(target.subarray(text.length)).toEqual(Buffer.alloc(5, 0xee))
  })

  it('refuses a target that is too short', () => {
    const frame = compress(text)
    const target = Buffer.alloc(text.length - 1)
    expect(() => decompressor.decompress(frame, text.length, target)).toThrow(RangeError)
  })

  it('refuses every cut, and with one flipped bit gives a typed error or some bytes', () => {
    const frame = compress(text)
    const read = (changed: Buffer) => {
      const plain = decompressor.decompress(changed, text.length)
      expect(plain.length).toBe(text.length)
    }
    // The frame has no checksum: damage inside it is for the tag around it to find.
    const cuts = acceptedChanges(frame, read).filter((change) => change.startsWith('cut'))
    expect(cuts).toEqual([])
  })

  it('refuses a length other than the one announced', () => {
    const frame = compress(text)
    for (const length of [0, text.length - 1, text.length + 1, 33_554_432]) {
      expect(() => decompressor.decompress(frame, length)).toThrow(/announces/)
    }
  })

  it('reads a frame that announces no length, and refuses it when it is longer or shorter', () => {
    const frame = streamedFrame(text, 20)
    expect(readZstdHeader(frame).contentBytes).toBeUndefined()
    expect(text.equals(decompressor.decompress(frame, text.length))).toBe(true)
    for (const length of [0, text.length - 1, text.length + 1]) {
      expect(() => decompressor.decompress(frame, length)).toThrow(DamageError)
    }
  })

  it('refuses two frames, skippable frames and trailing bytes', () => {
    const frame = compress(text)
    const skippable = Buffer.from('502a4d1804000000' + '00000000', 'hex')
    const empty = Buffer.from('28b52ffd2000010000', 'hex')
    for (const payload of [
      Buffer.concat([frame, frame]),
      Buffer.concat([frame, empty]),
      Buffer.concat([skippable, frame]),
      Buffer.concat([frame, skippable]),
      Buffer.concat([frame, Buffer.from([0])]),
      Buffer.alloc(0),
    ]) {
      expect(() => decompressor.decompress(payload, text.length)).toThrow(DamageError)
    }
    expect(() => decompressor.decompress(Buffer.concat([frame, frame]), 2 * text.length)).toThrow(
      DamageError,
    )
  })

  it('refuses windows above 2^27, announced either way', () => {
    expect(readZstdHeader(streamedFrame(text, 27)).windowBytes).toBe(2 ** 27)
    const large = streamedFrame(text, 27)
    large[5] += 1
    expect(() => decompressor.decompress(large, text.length)).toThrow(/window/)
    // A single segment of 2^27 + 1 bytes: its window is its content.
    const single = Buffer.from('28b52ffd' + 'a0' + '01000008' + '010000', 'hex')
    expect(() => decompressor.decompress(single, 2 ** 27 + 1)).toThrow(/window/)
  })

  it('refuses a frame that asks for a dictionary', () => {
    const frame = compress(text)
    frame[4] |= 1
    expect(() => decompressor.decompress(frame, text.length)).toThrow(/dictionary/)
  })

  it('refuses a bomb before it is expanded', () => {
    // 256 blocks of 128 KiB, each one byte repeated: 32 MiB from about 1 KiB, announced as 1 MiB.
    const block = Buffer.from('02001041', 'hex')
    const last = Buffer.from('03001041', 'hex')
    const head = Buffer.from('28b52ffd' + '80' + '38' + '00001000', 'hex')
    const bomb = Buffer.concat([head, ...Array.from({ length: 255 }, () => block), last])
    expect(() => decompressor.decompress(bomb, 1_048_576)).toThrow(DamageError)
    const honest = Buffer.from(bomb)
    honest.writeUInt32LE(33_554_432, 6)
    expect(decompressor.decompress(honest, 33_554_432).length).toBe(33_554_432)
  })

  it('can be used again after a refusal', () => {
    const frame = compress(text)
    expect(() => decompressor.decompress(frame.subarray(0, 20), text.length)).toThrow(HoldfastError)
    expect(text.equals(decompressor.decompress(frame, text.length))).toBe(true)
  })
})
