import { describe, expect, it } from 'vitest'

import { noCost, requestCountOf, sumCosts } from '../../../src/foundation/storage-cost.ts'
import { costOfRanges, costOfWholePacks, requestsFor } from '../../../src/repository/read-cost.ts'
import { costText } from '../../../src/repository/tell-cost.ts'

const MiB = 1024 * 1024

describe('sumCosts()', () => {
  it('sums each part, and takes what is left out as nothing', () => {
    const sum = sumCosts({ gets: 1, downloadBytes: 5 }, {}, { gets: 2, deletes: 3 })
    expect(sum).toEqual({ ...noCost, gets: 3, deletes: 3, downloadBytes: 5 })
    expect(requestCountOf(sum)).toBe(6)
  })
})

describe('costOfRanges()', () => {
  it('counts what lies near as one request, with the bytes between', () => {
    const cost = costOfRanges([
      { name: 'packs/a', offsetBytes: 0, lengthBytes: 1000 },
      { name: 'packs/a', offsetBytes: 5000, lengthBytes: 1000 },
      { name: 'packs/a', offsetBytes: 20 * MiB, lengthBytes: 1000 },
      { name: 'packs/b', offsetBytes: 0, lengthBytes: 1000 },
    ])
    expect(cost).toEqual({ gets: 3, downloadBytes: 8000 })
  })
})

describe('costOfWholePacks()', () => {
  it('counts a look at each, and requests of 8 MiB', () => {
    const packs = [{ packBytes: 32 * MiB }, { packBytes: 1 }, { packBytes: 8 * MiB + 1 }]
    expect(costOfWholePacks(packs)).toEqual({ gets: 7, lists: 3, downloadBytes: 40 * MiB + 2 })
    expect(requestsFor(0)).toBe(0)
  })
})

describe('costText()', () => {
  const remote = { isRemote: true, dryRun: false }

  it.each([
    [
      { gets: 1573, downloadBytes: 12.3 * 1024 * MiB },
      remote,
      'this reads 12.3 GiB from the store in about 1,600 requests',
    ],
    [{ gets: 1, downloadBytes: 100 }, remote, 'this reads 100 B from the store in about 1 request'],
    [
      { gets: 99, downloadBytes: 100 },
      remote,
      'this reads 100 B from the store in about 99 requests',
    ],
    [
      { gets: 4, puts: 2, deletes: 3, downloadBytes: MiB, uploadBytes: MiB },
      remote,
      'this reads 1.0 MiB from the store, writes 1.0 MiB to the store and deletes 3 objects in about 9 requests',
    ],
    [
      { gets: 2, deletes: 5 },
      { isRemote: true, dryRun: true },
      'this would delete 5 objects in about 7 requests',
    ],
    [
      { gets: 2, downloadBytes: 7 },
      { isRemote: false, dryRun: true },
      'this would read 7 B from the repository',
    ],
  ])('says %j in words', (cost, how, text) => {
    expect(costText({ ...noCost, ...cost }, how)).toBe(text)
  })
})
