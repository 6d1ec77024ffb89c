import { describe, expect, it } from 'vitest'

import type { SegmentRow } from '../../../../src/catalogue/blob-location.ts'
import { noCost } from '../../../../src/foundation/storage-cost.ts'
import { toObjectId } from '../../../../src/model/ids.ts'
import { pruneCost } from '../../../../src/operations/prune/prune-cost.ts'

type Catalogue = Parameters<typeof pruneCost>[0]['catalogue']

const MiB = 1024 * 1024
const id = (digit: string) => toObjectId(digit.repeat(64))
const pack = { row: 1, id: id('a'), salt: Buffer.alloc(32), bytes: 30 * MiB }

function catalogueOf(indexCount: number, segments: readonly Partial<SegmentRow>[]): Catalogue {
  const indexIds = new Set(Array.from({ length: indexCount }, (_, number) => number))
  return {
    objectIds: () => indexIds,
    blobs: { segments: () => segments },
  } as unknown as Catalogue
}

const others = { expiredCount: 0, retainedCount: 0 }

describe('pruneCost()', () => {
  it('is nothing when nothing goes', () => {
    const work = { copies: [], proofs: [], newBytes: 0, goneCount: 0, ...others }
    expect(pruneCost({ catalogue: catalogueOf(100, []) }, work)).toEqual(noCost)
  })

  it('counts packs and index objects that go, what is written down first, and no byte', () => {
    const work = { copies: [], proofs: [], newBytes: 0, goneCount: 3, ...others }
    expect(pruneCost({ catalogue: catalogueOf(100, []) }, work)).toEqual({
      ...noCost,
      gets: 100,
      puts: 2,
      // Who is at work meanwhile.
      lists: 15,
      deletes: 3 + 3 + 1,
    })
  })

  it('counts what goes by itself, and what is kept for longer', () => {
    const work = { copies: [], proofs: [], newBytes: 0, goneCount: 0 }
    const { deletes } = pruneCost(
      { catalogue: catalogueOf(1, []) },
      { ...work, expiredCount: 7, retainedCount: 0 },
    )
    expect(deletes).toBe(7)
    expect(
      pruneCost(
        { catalogue: catalogueOf(1, []) },
        { ...work, expiredCount: 0, retainedCount: 1001 },
      ),
    ).toEqual({ ...noCost, puts: 1001, lists: 2 })
  })

  it('reads a short pack by one request, with its ends', () => {
    const short = { ...pack, bytes: 100_000 }
    const work = {
      copies: [{ pack: short, live: new Map() }],
      proofs: [],
      newBytes: 0,
      goneCount: 0,
      ...others,
    }
    expect(pruneCost({ catalogue: catalogueOf(1, []) }, work).gets).toBe(1)
  })

  it('counts of a pack that is copied from only the segments that are needed', () => {
    const segments = [0, 1, 2].map((number) => ({
      number,
      offset: number * 9 * MiB,
      payloadBytes: MiB,
    }))
    const live = new Map([
      [0, null],
      [2, null],
    ])
    const work = {
      copies: [{ pack, live }],
      proofs: [],
      newBytes: 2 * MiB,
      goneCount: 1,
      ...others,
    }
    expect(pruneCost({ catalogue: catalogueOf(1, segments) }, work)).toEqual({
      gets: 2 + 2 + 1,
      puts: 1 + 1 + 1,
      lists: 15,
      deletes: 3,
      downloadBytes: 2 * (MiB + 16),
      uploadBytes: 2 * MiB,
    })
  })
})
