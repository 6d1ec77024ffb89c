import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createChunker } from '../../src/format/chunker/chunker.ts'
import type { Chunker } from '../../src/format/chunker/chunker.ts'
import { chunkLimitsOf } from '../../src/format/chunker/chunker-parameters.ts'
import { createReferenceChunker } from '../../src/format/chunker/reference-chunker.ts'
import { chunkLengths, chunkStream } from '../unit/format/chunker/chunk-stream.ts'
import {
  sampleBytes,
  sampleKinds,
  xorshift,
  xorshiftBytes,
} from '../unit/format/chunker/sample-bytes.ts'

const KiB = 1024
const averages = [16 * KiB, 32 * KiB, 64 * KiB]
const secretCount = 8

interface Pair {
  readonly kernel: Chunker
  readonly reference: Chunker
  readonly limits: ReturnType<typeof chunkLimitsOf>
}

// Made once and used dirty: every WebAssembly memory reserves gigabytes of addresses, and what an
// earlier input left behind in the memory must not matter.
const pairs: readonly Pair[] = averages.flatMap((averageBytes) =>
  Array.from({ length: secretCount }, (_, index) => {
    const limits = chunkLimitsOf({ averageBytes })
    const secret = xorshiftBytes(32, 1 + index + averageBytes)
    return {
      kernel: createChunker({ averageBytes }, secret, limits.maxBytes),
      reference: createReferenceChunker({ averageBytes }, secret, limits.maxBytes),
      limits,
    }
  }),
)

const seed = fc.integer({ min: 1, max: 0xffffffff })
const part = fc.record({
  kind: fc.constantFrom(...sampleKinds),
  lengthBytes: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 24 * KiB }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 150 * KiB }) },
  ),
  seed,
})
const input = fc
  .array(part, { minLength: 1, maxLength: 3 })
  .map((parts) => Buffer.concat(parts.map((p) => sampleBytes(p.kind, p.lengthBytes, p.seed))))

describe('the kernel', () => {
  it(
    'cuts where the reference cuts, whatever the input and however it arrives',
    { timeout: 60_000 },
    () => {
      fc.assert(
        fc.property(fc.constantFrom(...pairs), input, seed, (pair, bytes, fragmentSeed) => {
          const next = xorshift(fragmentSeed)
          // Never 0, of which no number of fragments makes an input.
          const fragmentBytesMin = 64 + (next() % (pair.limits.maxBytes / 16))
          const nextFragmentBytes = (): number =>
            fragmentBytesMin + (next() % (8 * fragmentBytesMin))
          const cuts = chunkStream(pair.kernel, bytes, nextFragmentBytes)
          expect(cuts).toEqual(chunkStream(pair.reference, bytes))
          expect(cuts.at(-1) ?? 0).toBe(bytes.length)
          const lengths = chunkLengths(cuts)
          expect(lengths.every((length) => length > 0 && length <= pair.limits.maxBytes)).toBe(true)
          expect(lengths.slice(0, -1).every((length) => length >= pair.limits.minBytes)).toBe(true)
        }),
        { numRuns: 10_000 },
      )
    },
  )

  it('finds its old cuts again soon after an insertion', () => {
    const insertion = fc.record({
      offset: fc.integer({ min: 0, max: 40 * KiB }),
      seed,
      pair: fc.nat(7),
    })
    fc.assert(
      fc.property(insertion, fc.integer({ min: 1, max: 3000 }), (at, insertedBytes) => {
        const before = xorshiftBytes(1024 * KiB, at.seed)
        const inserted = xorshiftBytes(insertedBytes, at.seed ^ 0x55555555 || 1)
        const after = Buffer.concat([
          before.subarray(0, at.offset),
          inserted,
          before.subarray(at.offset),
        ])
        const { kernel } = pairs[at.pair]
        const old = new Set(chunkStream(kernel, before).map((cut) => before.length - cut))
        const cuts = chunkStream(kernel, after)
        const isNew = cuts.map((cut) => !old.has(after.length - cut))
        // Of 64 chunks; two streams of cuts meet with a chance above one half at each chunk.
        expect(isNew.filter(Boolean).length).toBeLessThan(24)
        expect(isNew.lastIndexOf(true)).toBeLessThan(24)
      }),
      { numRuns: 100 },
    )
  })

  it('cuts elsewhere under another secret', () => {
    const bytes = xorshiftBytes(1024 * KiB, 4711)
    const cutSets = pairs.slice(0, secretCount).map(({ kernel }) => chunkStream(kernel, bytes))
    for (const [index, cuts] of cutSets.entries()) {
      for (const others of cutSets.slice(index + 1)) {
        const other = new Set(others)
        expect(cuts.slice(0, -1).filter((cut) => other.has(cut)).length).toBeLessThan(3)
      }
    }
  })
})
