import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { plainHash } from '../../../../src/format/hashing/blob-hasher.ts'
import { objectIdOf } from '../../../../src/format/object/object-name.ts'
import { coefficientOf } from '../../../../src/format/parity/coding-matrix.ts'
import {
  encodeParityFooter,
  encodeParityPrefix,
  groupIdOf,
  parityLayoutOf,
  readParityDescription,
  readParityPrefix,
  stripeChecksum,
  type ParityDescription,
} from '../../../../src/format/parity/parity-head.ts'
import { createReferenceCombiner } from '../../../../src/format/parity/reference-combiner.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'

const expectation = { repositoryId: Buffer.alloc(16, 7), sealed: false }
const contents = [randomBytesOf('first', 70_000), randomBytesOf('second', 1000)]
const packs = [
  { id: objectIdOf(contents[0]), bytes: 70_000 },
  null,
  { id: objectIdOf(contents[1]), bytes: 1000 },
]
const description: ParityDescription = {
  groupId: groupIdOf(expectation.repositoryId, packs, 2),
  packs,
  parityShards: 2,
  number: 1,
  shardBytes: 70_000,
}

function stripesOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / 65_536)
  return Array.from({ length: count }, (_, stripe) =>
    stripeChecksum(bytes.subarray(stripe * 65_536, (stripe + 1) * 65_536)),
  )
}

function shardOf(number: number): Buffer {
  const combiner = createReferenceCombiner(1, 70_000)
  for (const [place, bytes] of [
    [0, contents[0]],
    [2, contents[1]],
  ] as const) {
    combiner.input.set(bytes)
    combiner.add([coefficientOf(number, place)], bytes.length)
  }
  return Buffer.from(combiner.sums[0])
}

const shards = [shardOf(0), shardOf(1)]
const checksums = Buffer.concat([...contents, ...shards].flatMap(stripesOf))

function objectOf(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, shards[1], prefix, encodeParityFooter(prefix.length)])
}

const object = objectOf(encodeParityPrefix(description, checksums, expectation))

/** What is read of an object, and how much of it at most at once. */
function reader(bytes: Buffer): {
  read: (offset: number, lengthBytes: number) => Promise<Buffer>
  most: () => number
} {
  let most = 0
  return {
    async read(offset, lengthBytes) {
      most = Math.max(most, lengthBytes)
      if (offset < 0 || offset + lengthBytes > bytes.length) throw new DamageError('it ends early')
      return bytes.subarray(offset, offset + lengthBytes)
    },
    most: () => most,
  }
}

/** Changes both copies of the head and makes their hashes right again, as somebody would who does it on purpose. */
function forged(change: (prefix: Buffer) => void): Buffer {
  const prefix = encodeParityPrefix(description, checksums, expectation)
  change(prefix)
  const descriptionEnd = 80 + 40 * 3
  prefix.set(plainHash(prefix.subarray(0, descriptionEnd)), descriptionEnd)
  prefix.set(plainHash(prefix.subarray(0, -32)), prefix.length - 32)
  return objectOf(prefix)
}

async function refusal(bytes: Buffer): Promise<string> {
  const { read } = reader(bytes)
  try {
    await readParityDescription(read, bytes.length, expectation)
    return 'none'
  } catch (error) {
    return error instanceof DamageError ? error.message : `not typed: ${String(error)}`
  }
}

describe('a parity object', () => {
  it('has these bytes for ever', () => {
    // From another implementation, written after docs/FORMAT.md alone.
    expect(description.groupId).toBe(
      '6fc46f09cb1eed25c98cc1f26e974d667abbca51ef63493e463a17ba9af1b5df',
    )
    expect(parityLayoutOf(description)).toEqual({
      prefixBytes: 320,
      checksumsOffset: 232,
      shardOffset: 320,
      objectBytes: 70_656,
    })
    expect(object.length).toBe(70_656)
    expect(createHash('sha256').update(object).digest('hex')).toBe(
      '3a2891ad0920ff09db36ad7e200abd9e2e94a6610e3ff277340d0c28966bda81',
    )
    expect(object.toString('latin1', 0, 8)).toBe('HOLDFAST')
    expect(object[9]).toBe(6)
    expect([...object.subarray(64, 80)]).toEqual([
      64, 1, 0, 0, 3, 2, 1, 0, 112, 17, 1, 0, 0, 0, 0, 0,
    ])
    expect(object.toString('latin1', 70_648)).toBe('HFPARITY')
  })

  it('is read as it was written, from few bytes', async () => {
    const { read, most } = reader(object)
    expect(await readParityDescription(read, object.length, expectation)).toEqual(description)
    expect(most()).toBeLessThan(3000)
    const prefix = await readParityPrefix(read, object.length, expectation)
    expect(prefix.description).toEqual(description)
    expect(prefix.checksums.equals(checksums)).toBe(true)
  })

  it.each([
    ['another repository', (head: Buffer) => head.fill(8, 16, 32), 'another repository'],
    ['another type', (head: Buffer) => head.writeUInt8(1, 9), 'type'],
    [
      'sealing that is not that of the repository',
      (head: Buffer) => head.writeUInt8(1, 10),
      'encrypted',
    ],
    ['no places', (head: Buffer) => head.writeUInt8(0, 68), 'not allowed'],
    ['too many places', (head: Buffer) => head.writeUInt8(65, 68), 'not allowed'],
    ['no parity', (head: Buffer) => head.writeUInt8(0, 69), 'not allowed'],
    ['too much parity', (head: Buffer) => head.writeUInt8(17, 69), 'not allowed'],
    ['a number outside of the group', (head: Buffer) => head.writeUInt8(2, 70), 'impossible'],
    ['a reserved byte', (head: Buffer) => head.writeUInt8(1, 71), 'impossible'],
    ['a shard longer than its packs', (head: Buffer) => head.writeUInt32LE(70_001, 72), 'longest'],
    ['a shard of 2^63 bytes', (head: Buffer) => head.writeUInt8(0x80, 79), 'longest'],
    ['a pack of no bytes', (head: Buffer) => head.writeBigUInt64LE(0n, 80 + 80 + 32), 'length'],
    [
      'a pack of 2^32 bytes',
      (head: Buffer) => head.writeBigUInt64LE(2n ** 32n, 80 + 80 + 32),
      'length',
    ],
    ['a pack twice', (head: Buffer) => head.copy(head, 80 + 80, 80, 80 + 32), 'twice'],
    ['other packs than its group', (head: Buffer) => head.writeUInt8(head[80] ^ 1, 80), 'group'],
    ['another group', (head: Buffer) => head.writeUInt8(head[32] ^ 1, 32), 'group'],
    ['another length of its head', (head: Buffer) => head.writeUInt32LE(321, 64), 'bytes instead'],
  ])('is refused with %s', async (_, change, message) => {
    expect(await refusal(forged((head) => void change(head)))).toContain(message)
  })

  it('is refused when it is longer or shorter than it should be, without reading far', async () => {
    for (const bytes of [
      Buffer.concat([object, Buffer.of(0)]),
      object.subarray(0, -1),
      object.subarray(0, 100),
      object.subarray(0, 63),
      Buffer.alloc(0),
    ]) {
      expect(await refusal(bytes)).not.toBe('none')
    }
  })

  it('is read from its second head when the first one is damaged anywhere', async () => {
    for (let at = 0; at < 320; at += 7) {
      const bytes = Buffer.from(object)
      bytes[at] ^= 0x11
      const { read } = reader(bytes)
      const prefix = await readParityPrefix(read, bytes.length, expectation)
      expect(prefix.description).toEqual(description)
    }
  })

  it('is refused when both heads are damaged, and checksums are not taken unproved', async () => {
    for (const at of [40, 68, 100, 210, 240, 319]) {
      const bytes = Buffer.from(object)
      bytes[at] ^= 1
      bytes[70_000 + 320 + at] ^= 1
      const { read } = reader(bytes)
      await expect(readParityPrefix(read, bytes.length, expectation)).rejects.toThrow(DamageError)
    }
  })

  it('cannot be written for a group that is none', () => {
    for (const change of [
      { packs: [] },
      { packs: [null] },
      { parityShards: 0 },
      { parityShards: 17 },
      { number: 2 },
      { shardBytes: 1 },
    ]) {
      expect(() =>
        encodeParityPrefix({ ...description, ...change }, checksums, expectation),
      ).toThrow(RangeError)
    }
    expect(() => encodeParityPrefix(description, checksums.subarray(8), expectation)).toThrow(
      RangeError,
    )
  })
})
