import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import {
  decodePackTrailer,
  encodePackTrailer,
  packTrailerBytes,
} from '../../../../src/format/pack/pack-trailer.ts'
import type { PackTrailerColumns } from '../../../../src/format/pack/pack-trailer.ts'
import { countingBytes } from '../object/fixed-repository.ts'

const columns: PackTrailerColumns = {
  payloadBytes: [10, 7],
  plainBytes: [30, 7],
  blobCounts: [2, 1],
  codecs: [1, 0],
  kinds: [0, 1],
  blobLengths: [20, 10, 7],
  ids: countingBytes(96),
}
const bytes = encodePackTrailer(columns)

function changed(offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(value, offset)
  return copy
}

describe('encodePackTrailer()', () => {
  it('writes the bytes of the format', () => {
    expect(bytes.toString('hex')).toBe(
      '02000000' +
        '03000000' +
        ('0a000000' + '1e000000' + '02000000' + '01000000') +
        ('07000000' + '07000000' + '01000000' + '00010000') +
        ('14000000' + '0a000000' + '07000000') +
        countingBytes(96).toString('hex'),
    )
    expect(bytes.length).toBe(packTrailerBytes(2, 3))
  })

  it.each([
    ['columns of different lengths', { kinds: [0] }],
    ['too few ids', { ids: countingBytes(95) }],
    ['an empty blob', { blobLengths: [30, 0, 7] }],
    ['blobs that do not fill their segment', { blobLengths: [20, 9, 8] }],
    ['an unknown codec', { codecs: [2, 0] }],
    ['a number below zero', { payloadBytes: [-1, 7] }],
    ['segments longer than a pack', { payloadBytes: [4_294_967_295, 7] }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodePackTrailer({ ...columns, ...change })).toThrow(RangeError)
  })
})

describe('decodePackTrailer()', () => {
  it('reads back what was written, and finds the segments', () => {
    const trailer = decodePackTrailer(bytes)
    expect({ ...trailer, ids: trailer.ids.toString('hex') }).toEqual({
      segmentCount: 2,
      blobCount: 3,
      payloadBytes: Uint32Array.of(10, 7),
      plainBytes: Uint32Array.of(30, 7),
      blobCounts: Uint32Array.of(2, 1),
      codecs: Uint8Array.of(1, 0),
      kinds: Uint8Array.of(0, 1),
      offsets: Float64Array.of(64, 90),
      firstBlobs: Uint32Array.of(0, 2),
      segmentsEnd: 113,
      blobLengths: Uint32Array.of(20, 10, 7),
      ids: countingBytes(96).toString('hex'),
    })
    expect(encodePackTrailer(trailer)).toEqual(bytes)
  })

  it('reads from any alignment', () => {
    for (let shift = 0; shift < 4; shift++) {
      const moved = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift)
      expect(decodePackTrailer(moved)).toEqual(decodePackTrailer(bytes))
    }
  })

  it('reads a pack without segments', () => {
    expect(decodePackTrailer(Buffer.alloc(8)).segmentsEnd).toBe(64)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a cut within the counts', bytes.subarray(0, 7)],
    ['a cut at the end', bytes.subarray(0, -1)],
    ['something behind it', Buffer.concat([bytes, Buffer.alloc(1)])],
    ['another segment count', changed(0, 1)],
    ['too many segments', changed(0, 65_537)],
    ['too many blobs', changed(4, 4_194_305)],
    ['counts that would need terabytes', changed(4, 0xffff_ffff)],
    ['an empty payload', changed(8, 0)],
    ['an empty segment', changed(12, 0)],
    ['a segment of more than 32 MiB', changed(12, 33_554_433)],
    ['a segment without blobs', changed(16, 0)],
    ['more blobs in the segments than there are', changed(16, 3)],
    ['an unknown codec', changed(20, 2)],
    ['an unknown kind', changed(20, 0x0201)],
    ['reserved bytes', changed(20, 0x0001_0001)],
    ['a stored segment whose lengths differ', changed(24, 8)],
    ['an empty blob', changed(40, 0)],
    ['blobs that do not fill their segment', changed(40, 21)],
    ['segments longer than a pack', changed(8, 0xffff_ffff)],
  ])('refuses %s', (_name, wrong) => {
    expect(() => decodePackTrailer(wrong)).toThrow(DamageError)
  })

  it('refuses a blob that is in no segment', () => {
    const head = Buffer.from(bytes.subarray(0, 52))
    head.writeUInt32LE(4, 4)
    const stray = Buffer.concat([head, Buffer.from([1, 0, 0, 0]), countingBytes(128)])
    expect(stray.length).toBe(packTrailerBytes(2, 4))
    expect(() => decodePackTrailer(stray)).toThrow(/3 of 4 blobs/)
  })

  /** Segments of one blob each, written without any check. */
  function rawTrailer(segmentCount: number, segmentBytes: number): Buffer {
    const raw = Buffer.alloc(packTrailerBytes(segmentCount, segmentCount))
    raw.writeUInt32LE(segmentCount, 0)
    raw.writeUInt32LE(segmentCount, 4)
    for (let index = 0; index < segmentCount; index++) {
      const at = 8 + 16 * index
      for (const offset of [0, 4]) raw.writeUInt32LE(segmentBytes, at + offset)
      raw.writeUInt32LE(1, at + 8)
      raw.writeUInt32LE(segmentBytes, 8 + 16 * segmentCount + 4 * index)
    }
    return raw
  }

  it('refuses more than 65,536 segments, even when they are there', () => {
    expect(decodePackTrailer(rawTrailer(65_536, 1)).segmentCount).toBe(65_536)
    expect(() => decodePackTrailer(rawTrailer(65_537, 1))).toThrow('65537 segments are too many')
  })

  it('refuses more than 4,194,304 blobs, even when they are there', () => {
    const blobs = (count: number): Buffer => {
      const raw = Buffer.alloc(packTrailerBytes(1, count))
      raw.writeUInt32LE(1, 0)
      raw.writeUInt32LE(count, 4)
      for (const offset of [8, 12, 16]) raw.writeUInt32LE(count, offset)
      new Uint8Array(raw.buffer, raw.byteOffset).fill(0, 24)
      for (let blob = 0; blob < count; blob++) raw[24 + 4 * blob] = 1
      return raw
    }
    expect(decodePackTrailer(blobs(4_194_304)).blobCount).toBe(4_194_304)
    expect(() => decodePackTrailer(blobs(4_194_305))).toThrow('4194305 blobs are too many')
  })

  it('refuses segments that are longer than a pack together', () => {
    const bytes32MiB = 33_554_432
    expect(decodePackTrailer(rawTrailer(127, bytes32MiB)).segmentCount).toBe(127)
    expect(() => decodePackTrailer(rawTrailer(128, bytes32MiB))).toThrow('longer than a pack')
  })

  it('refuses blob lengths that only add up modulo 2^32', () => {
    const wrong = changed(40, 0xffff_ffff)
    wrong.writeUInt32LE(31, 44)
    expect(() => decodePackTrailer(wrong)).toThrow(DamageError)
  })
})
