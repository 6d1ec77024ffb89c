import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/index.ts'
import { objectIdOf } from '../../src/format/object/object-name.ts'
import {
  encodeParityFooter,
  encodeParityPrefix,
  groupIdOf,
  stripeChecksum,
  type ProtectedPack,
} from '../../src/format/parity/parity-head.ts'
import {
  parityObjects,
  putPacks,
  reconstructed,
  reconstructPacks,
  writeGroup,
} from '../support/parity-groups.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, type TestRepository } from '../support/repositories.ts'

const sectorBytes = 4096
const stripeBytes = 65_536

interface Group {
  readonly place: TestRepository
  readonly repository: Repository
  readonly packs: readonly ProtectedPack[]
  /** Names of packs, then of parity objects. */
  readonly names: readonly string[]
  readonly contents: readonly Buffer[]
}

async function groupOf(lengths: readonly number[], parityShards: number): Promise<Group> {
  const place = await newRepository()
  const repository = await place.open()
  const packs = putPacks(place.location, lengths, 42)
  await writeGroup(repository, { packs, parityShards })
  const names = [
    ...packs.map(({ id }) => `packs/${id}`),
    ...parityObjects(repository).map((id) => `parity/${id}`),
  ]
  const contents = names.map((name) => readFileSync(join(place.location, name)))
  return { place, repository, packs, names, contents }
}

function heal({ place, names, contents }: Group): void {
  for (const [index, name] of names.entries()) {
    writeFileSync(join(place.location, name), contents[index])
  }
}

/** Fills a sector with other bytes. */
function spoil({ place, names }: Group, index: number, offset: number): void {
  const path = join(place.location, names[index])
  const bytes = readFileSync(path)
  bytes.fill(0xa5, offset, Math.min(offset + sectorBytes, bytes.length))
  writeFileSync(path, bytes)
}

/** Numbers that look random and are the same each time. */
function drawFrom(seed: string): (below: number) => number {
  const bytes = randomBytesOf(seed, 40_000)
  let at = 0
  return (below) => bytes.readUInt32LE((at += 4) - 4) % below
}

describe('damage in parts', () => {
  it('comes back when in each stripe no more shards are bad than there is parity, in all packs at once', async () => {
    const lengths = [700_001, 655_360, 600_000, 720_000, 590_001]
    const group = await groupOf(lengths, 2)
    const prefixBytes = group.contents[5].readUInt32LE(64)
    for (let round = 0; round < 6; round++) {
      const draw = drawFrom(`sectors ${round}`)
      const damaged = new Set<number>()
      for (let stripe = 0; stripe * stripeBytes < 720_000; stripe++) {
        const first = draw(group.names.length)
        const second = (first + 1 + draw(group.names.length - 1)) % group.names.length
        for (const index of round % 2 === 0 ? [first] : [first, second]) {
          const isParity = index >= lengths.length
          const inStripe = stripe * stripeBytes + sectorBytes * draw(16)
          const lengthBytes = isParity ? 720_000 : lengths[index]
          const offset = Math.min(inStripe, lengthBytes - 1)
          if (offset < stripe * stripeBytes) continue
          spoil(group, index, (isParity ? prefixBytes : 0) + offset)
          damaged.add(index)
        }
      }
      // More shards are damaged than there is parity, and never the same ones.
      expect(damaged.size).toBeGreaterThan(3)
      const found = await reconstructed(
        group.repository,
        group.packs.map(({ id }) => id),
      )
      for (const [index, { id }] of group.packs.entries()) {
        expect(found.get(id)?.equals(group.contents[index]), `round ${round} ${id}`).toBe(true)
      }
      heal(group)
    }
  })

  it('comes back when packs are cut off, empty, longer, or folders', async () => {
    const group = await groupOf([200_000, 150_000, 190_000], 2)
    const ids = group.packs.map(({ id }) => id)
    const paths = group.names.map((name) => join(group.place.location, name))
    writeFileSync(paths[0], group.contents[0].subarray(0, 70_000))
    writeFileSync(paths[1], '')
    writeFileSync(paths[2], Buffer.concat([group.contents[2], Buffer.from('more')]))
    const found = await reconstructed(group.repository, ids)
    for (const [index, id] of ids.entries()) {
      expect(found.get(id)?.equals(group.contents[index])).toBe(true)
    }
    heal(group)
  })

  it('is told when a stripe has too much of it, and what is whole is left alone', async () => {
    const group = await groupOf([200_000, 150_000, 190_000], 2)
    for (const index of [0, 1, 2]) spoil(group, index, 66_000)
    const before = group.names.map((name) => readFileSync(join(group.place.location, name)))
    const found = await reconstructed(
      group.repository,
      group.packs.map(({ id }) => id),
    )
    expect([...found.values()]).toEqual([null, null, null])
    const after = group.names.map((name) => readFileSync(join(group.place.location, name)))
    expect(after.every((bytes, index) => bytes.equals(before[index]))).toBe(true)
    heal(group)
  })

  it('of the heads of parity objects does no harm as long as one copy of one head is whole', async () => {
    const group = await groupOf([200_000, 150_000, 190_000], 2)
    const [first, second] = [3, 4]
    const tail = group.contents[first].length - 16 - group.contents[first].readUInt32LE(64)
    const damages: [number, number][][] = [
      // The first head of each, of which the first bytes are in another sector than the checksums.
      [
        [first, 0],
        [second, 0],
      ],
      [
        [first, tail],
        [second, tail],
      ],
      [
        [first, 0],
        [second, tail],
      ],
      [
        [first, 0],
        [first, tail],
      ],
    ]
    for (const damage of damages) {
      for (const [index, offset] of damage) {
        const path = join(group.place.location, group.names[index])
        const bytes = readFileSync(path)
        for (const at of [8, 16, 70, 90, 300]) bytes[offset + at] ^= 1
        writeFileSync(path, bytes)
      }
      rmSync(join(group.place.location, group.names[1]))
      const reopened = await group.place.open()
      const { id } = group.packs[1]
      expect((await reconstructed(reopened, [id])).get(id)?.equals(group.contents[1])).toBe(true)
      heal(group)
      await reopened.close()
    }
  })
})

describe('hostile parity objects', () => {
  it('of any content make no wrong pack, take no memory that they ask for, and end in time', async () => {
    const group = await groupOf([90_000, 70_000], 2)
    const path = join(group.place.location, group.names[2])
    const good = group.contents[2]
    const { id } = group.packs[0]
    rmSync(join(group.place.location, group.names[0]))
    const draw = drawFrom('hostile')
    for (let round = 0; round < 80; round++) {
      const bytes = Buffer.from(good)
      const isHead = round % 3 > 0
      for (let change = 0; change <= round % 4; change++) {
        const at = isHead ? draw(400) : draw(bytes.length)
        bytes[at] = draw(256)
        // Both copies alike, or the second one alone.
        if (isHead && round % 2 === 0)
          bytes[bytes.length - 16 - good.readUInt32LE(64) + at] = bytes[at]
      }
      writeFileSync(path, round % 10 === 9 ? bytes.subarray(0, draw(bytes.length)) : bytes)
      const reopened = await group.place.open()
      const found = (await reconstructed(reopened, [id])).get(id)
      // The other parity object is whole, so it comes back; never anything else.
      expect(found?.equals(group.contents[0]), `round ${round}`).toBe(true)
      await reopened.close()
    }
    heal(group)
  })

  it('that are right in themselves and say something else give no pack at all', async () => {
    const group = await groupOf([90_000, 70_000], 1)
    const [pack] = group.packs
    rmSync(join(group.place.location, group.names[2]))
    // The same group with another shard, and every hash and checksum as it has to be.
    const wrong = randomBytesOf('wrong', 90_000)
    const stripes = (bytes: Buffer): Buffer[] =>
      [0, 1]
        .map((stripe) => bytes.subarray(stripe * stripeBytes, (stripe + 1) * stripeBytes))
        .map(stripeChecksum)
    const expectation = {
      repositoryId: Buffer.from(group.repository.repositoryId, 'hex'),
      sealed: false,
    }
    const description = {
      groupId: groupIdOf(expectation.repositoryId, group.packs, 1),
      packs: group.packs,
      parityShards: 1,
      number: 0,
      shardBytes: 90_000,
    }
    const checksums = Buffer.concat([...group.contents.slice(0, 2), wrong].flatMap(stripes))
    const prefix = encodeParityPrefix(description, checksums, expectation)
    const forged = Buffer.concat([prefix, wrong, prefix, encodeParityFooter(prefix.length)])
    writeFileSync(join(group.place.location, 'parity', objectIdOf(forged)), forged)
    rmSync(join(group.place.location, group.names[0]))
    const reopened = await group.place.open()
    expect(reopened.catalogue.parity.groups()).toHaveLength(1)
    for await (const { bytes, ...rest } of reconstructPacks(reopened, [pack.id])) {
      expect(bytes).toBeNull()
      expect(rest).toEqual({
        packId: pack.id,
        reason: 'what its parity group gives has another hash',
      })
    }
  })
})
