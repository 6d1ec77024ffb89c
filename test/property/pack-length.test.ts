import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packFooterBytes } from '../../src/format/pack/pack-footer.ts'
import { segmentCountMax } from '../../src/format/pack/pack-limits.ts'
import { packTrailerBytes } from '../../src/format/pack/pack-trailer.ts'
import { padmeLength } from '../../src/format/pack/padme.ts'
import { isPackFull, type PackFill } from '../../src/repository/is-pack-full.ts'

const MiB = 1024 * 1024
const tagBytes = 16
const headerBytes = 64

interface SegmentRange {
  /** Of the payloads, in bytes. */
  readonly least: number
  readonly most: number
  readonly blobs: number
}

/** What a pack is as a file, before it is padded. */
function wholeBytes({ bytes, segmentCount, blobCount }: PackFill): number {
  return bytes + packTrailerBytes(segmentCount, blobCount) + tagBytes + packFooterBytes
}

/** Segments are put in until the pack is full. @returns what it was before the last one, and what it is */
function fill(
  { least, most, blobs }: SegmentRange,
  isPadded: boolean,
  random: () => number,
): { before: PackFill; full: PackFill } {
  let full: PackFill = { bytes: headerBytes, segmentCount: 0, blobCount: 0 }
  for (;;) {
    const before = full
    const payloadBytes = Math.round(least + (most - least) * random())
    full = {
      bytes: before.bytes + payloadBytes + tagBytes,
      segmentCount: before.segmentCount + 1,
      blobCount: before.blobCount + blobs,
    }
    if (isPackFull(full, isPadded)) return { before, full }
  }
}

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

const ranges = fc
  .record({
    ends: fc.tuple(fc.integer({ min: 2000, max: MiB }), fc.integer({ min: 2000, max: MiB })),
    blobs: fc.integer({ min: 1, max: 20_000 }),
  })
  .map(({ ends, blobs }) => ({ least: Math.min(...ends), most: Math.max(...ends), blobs }))

describe('isPackFull()', () => {
  it('lets no pack become longer than 32 MiB, padded or not', () => {
    fc.assert(
      fc.property(ranges, fc.boolean(), fc.integer(), (range, isPadded, seed) => {
        const whole = wholeBytes(fill(range, isPadded, randomOf(seed)).full)
        expect(isPadded ? padmeLength(whole) : whole).toBeLessThanOrEqual(32 * MiB)
      }),
      { numRuns: 300 },
    )
  })

  it('closes no pack early but where little padding is needed, and none below 24 MiB', () => {
    fc.assert(
      fc.property(ranges, fc.integer(), (range, seed) => {
        const whole = wholeBytes(fill(range, true, randomOf(seed)).full)
        expect(whole).toBeGreaterThanOrEqual(24 * MiB)
        const roomBytes = 32 * MiB - whole
        const longestNext = MiB + tagBytes + 16 + 36 * (range.blobs + 1)
        if (roomBytes > longestNext) expect(padmeLength(whole) - whole).toBeLessThan(192 * 1024)
      }),
      { numRuns: 300 },
    )
  })

  it('closes a pack that is not padded only when no further segment has room', () => {
    fc.assert(
      fc.property(ranges, fc.integer(), (range, seed) => {
        const { before, full } = fill(range, false, randomOf(seed))
        const next = MiB + tagBytes + 16 + 36 * (range.blobs + 1)
        expect(wholeBytes(full) + next).toBeGreaterThan(32 * MiB)
        expect(wholeBytes(before) + MiB).toBeLessThan(32 * MiB)
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, SegmentRange]>([
    ['chunks that do not shrink', { least: 0.93 * MiB, most: MiB, blobs: 12 }],
    ['long chunks that do not shrink', { least: 0.8 * MiB, most: MiB, blobs: 4 }],
    ['small files that do not shrink', { least: 0.99 * MiB, most: MiB, blobs: 100 }],
    ['source code', { least: 200_000, most: 400_000, blobs: 80 }],
    ['everything', { least: 1, most: MiB, blobs: 10 }],
    ['tiny files', { least: 50_000, most: 150_000, blobs: 10_000 }],
  ])('leaves less than half a per cent to padding: %s', (_what, range) => {
    const random = randomOf(7)
    let paddingBytes = 0
    let packBytes = 0
    for (let pack = 0; pack < 2000; pack++) {
      const whole = wholeBytes(fill(range, true, random).full)
      paddingBytes += padmeLength(whole) - whole
      packBytes += padmeLength(whole)
    }
    expect(paddingBytes / packBytes).toBeLessThan(0.005)
  })

  it('closes a pack of which nobody could read the trailer with one more segment', () => {
    const fillOf = (segmentCount: number): PackFill => ({
      bytes: headerBytes + segmentCount * 50,
      segmentCount,
      blobCount: segmentCount,
    })
    expect(isPackFull(fillOf(segmentCountMax - 1), false)).toBe(false)
    expect(isPackFull(fillOf(segmentCountMax), false)).toBe(true)
  })
})
