import { describe, expect, it } from 'vitest'
import { createChunker } from '../../../../src/format/chunker/chunker.ts'
import type { Chunker } from '../../../../src/format/chunker/chunker.ts'
import {
  chunkLimitsOf,
  isAverageBytesSupported,
} from '../../../../src/format/chunker/chunker-parameters.ts'
import { createReferenceChunker } from '../../../../src/format/chunker/reference-chunker.ts'
import { chunkLengths, chunkStream } from './chunk-stream.ts'
import { sampleBytes, xorshiftBytes } from './sample-bytes.ts'

const KiB = 1024
const averageBytes = 16 * KiB
const { minBytes, maxBytes } = chunkLimitsOf({ averageBytes })
const countingSecret = Uint8Array.from({ length: 32 }, (_, index) => index)

interface GoldenCuts {
  readonly title: string
  readonly averageBytes: number
  readonly secret: Uint8Array
  readonly input: Uint8Array
  readonly cuts: readonly number[]
}

/**
 * A program in another language, written from docs/FORMAT.md, gave these cuts. With others, nothing
 * new would match old backups.
 */
const golden: readonly GoldenCuts[] = [
  {
    title: 'random bytes',
    averageBytes,
    secret: countingSecret,
    input: xorshiftBytes(300_001, 2_463_534_242),
    cuts: [
      11736, 20436, 32422, 40736, 57873, 75211, 104176, 141325, 157815, 170431, 193374, 203649,
      212079, 222071, 243220, 256174, 265530, 293734, 300001,
    ],
  },
  {
    title: 'lines of text',
    averageBytes,
    secret: countingSecret,
    input: numberedLines(400_000),
    cuts: [
      28600, 42461, 54609, 71127, 87211, 97468, 131403, 140437, 161461, 180386, 189125, 197633,
      213410, 226568, 244124, 272306, 300291, 313672, 325146, 336618, 356748, 374037, 386596,
      394852, 400000,
    ],
  },
  {
    title: 'zeros and a short period between random bytes',
    averageBytes,
    secret: countingSecret,
    input: Buffer.concat([
      xorshiftBytes(100_000, 7),
      new Uint8Array(300_000),
      xorshiftBytes(1000, 9),
      Buffer.from('ab'.repeat(20_000)),
    ]),
    cuts: [23503, 36651, 73116, 204188, 335260, 441000],
  },
  {
    title: 'random bytes, another average and secret',
    averageBytes: 64 * KiB,
    secret: new Uint8Array(32).fill(255),
    input: xorshiftBytes(1_000_000, 99),
    cuts: [
      51771, 101350, 182088, 229001, 277597, 356161, 402098, 449107, 530846, 577567, 628476, 686213,
      784864, 823635, 872720, 908350, 954361, 999613, 1000000,
    ],
  },
]

function numberedLines(lengthBytes: number): Uint8Array {
  let text = ''
  for (let line = 0; text.length < lengthBytes; line++)
    text += `${line};${(line * line) % 97};line\n`
  return Buffer.from(text.slice(0, lengthBytes), 'latin1')
}

const implementations = { createChunker, createReferenceChunker }

for (const [name, create] of Object.entries(implementations)) {
  const secondSecret = xorshiftBytes(32, 5)
  const chunker = (capacityBytes = maxBytes): Chunker =>
    create({ averageBytes }, secondSecret, capacityBytes)

  describe(`${name}()`, () => {
    for (const { title, input, cuts, ...made } of golden) {
      it(`cuts at the places of the format: ${title}`, () => {
        const made16 = create({ averageBytes: made.averageBytes }, made.secret, 1024 * KiB)
        expect(chunkStream(made16, input)).toEqual(cuts)
      })
    }

    it('makes one chunk of a range up to the minimum', () => {
      const made = chunker()
      made.memory.set(xorshiftBytes(maxBytes, 3))
      for (const lengthBytes of [1, 63, minBytes - 1, minBytes]) {
        expect(made.nextCut(100, 100 + lengthBytes, true)).toBe(100 + lengthBytes)
      }
    })

    it('asks for more bytes until it has seen the minimum, and cuts directly behind it', () => {
      const made = chunker()
      const start = 5
      const cut = findShortestChunk(made, start)
      expect(made.nextCut(start, cut - 1, false)).toBe(-1)
      expect(made.nextCut(start, cut, false)).toBe(cut)
      expect(made.nextCut(start, cut + 1, false)).toBe(cut)
    })

    it('makes chunks of the maximum length of a run of any byte', () => {
      const made = chunker()
      for (let value = 0; value < 256; value++) {
        made.memory.fill(value)
        expect(made.nextCut(0, maxBytes - 1, false)).toBe(-1)
        expect(made.nextCut(0, maxBytes, false)).toBe(maxBytes)
      }
    })

    it('does not see the bytes behind the end', () => {
      const made = chunker()
      made.memory.set(xorshiftBytes(maxBytes, 11))
      const cut = made.nextCut(0, maxBytes, true)
      for (let endOffset = cut - 40; endOffset < cut; endOffset++) {
        expect(made.nextCut(0, endOffset, true)).toBe(endOffset)
      }
    })

    it('refuses ranges that are empty or outside of its memory', () => {
      const made = chunker()
      for (const [start, end] of [
        [0, 0],
        [9, 8],
        [-1, 8],
        [0, maxBytes + 1],
        [Number.NaN, 8],
      ]) {
        expect(() => made.nextCut(start, end, true)).toThrow(RangeError)
      }
    })

    it('refuses sizes and secrets that the format does not have', () => {
      const secret = new Uint8Array(32)
      for (const unsupported of [0, 8 * KiB, 24 * KiB, 4096 * KiB, -1, Number.NaN, 2 ** 40]) {
        expect(isAverageBytesSupported(unsupported)).toBe(false)
        expect(() => create({ averageBytes: unsupported }, secret, 2 ** 25)).toThrow(RangeError)
      }
      expect(() => create({ averageBytes }, secret, maxBytes - 1)).toThrow(RangeError)
      expect(() => create({ averageBytes }, new Uint8Array(31), maxBytes)).toThrow(RangeError)
    })
  })
}

/** Puts bytes into the memory whose chunk at `start` ends within 200 bytes of the minimum. */
function findShortestChunk(chunker: Chunker, start: number): number {
  for (let seed = 1; seed < 5000; seed++) {
    chunker.memory.set(xorshiftBytes(minBytes + 300, seed))
    const cut = chunker.nextCut(start, start + minBytes + 200, false)
    if (cut >= 0) return cut
  }
  throw new Error('no short chunk found')
}

describe('chunk lengths', () => {
  it('have the average as their mean and keep the limits', () => {
    const input = xorshiftBytes(16 * 1024 * KiB, 77)
    const lengths = chunkLengths(
      chunkStream(createChunker({ averageBytes }, countingSecret, 1024 * KiB), input),
    )
    const mean = input.length / lengths.length
    expect(Math.abs(mean / averageBytes - 1)).toBeLessThan(0.06)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxBytes)
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(minBytes)
  })

  // With a window of eight bytes in the sieve the mean of these was up to eight times the average.
  it('stay near the average where the data has structure', () => {
    const secrets = [1, 2, 3, 4].map((seed) => xorshiftBytes(32, seed))
    for (const kind of ['text', 'counters', 'fewValues'] as const) {
      const input = sampleBytes(kind, 4 * 1024 * KiB, 12_345)
      for (const secret of secrets) {
        const cuts = chunkStream(createChunker({ averageBytes }, secret, 1024 * KiB), input)
        const mean = input.length / cuts.length
        expect(mean / averageBytes).toBeGreaterThan(0.7)
        expect(mean / averageBytes).toBeLessThan(1.4)
      }
    }
  })
})
