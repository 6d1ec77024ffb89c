import { describe, expect, it } from 'vitest'

import { spansAfter } from '../../src/storage/s3/list-keys.ts'
import { backupRequests } from './backup-requests.ts'
import { listingRequests } from './listing.ts'
import { fleetMonth, largeFleet, storedByBackup } from './month.ts'
import { billOf, priceLists } from './prices.ts'
import { noRequests } from './requests.ts'
import { simulateFleet, storedNothing, type BackupRun, type StoredByRun } from './simulate.ts'

const empty = { snapshots: 0, indexes: 0, packs: 0, journal: 0 }
const noNews = {
  snapshots: 0,
  indexes: 0,
  treePacks: 0,
  indexBytes: 0,
  treeBytes: 0,
  snapshotBytes: 0,
}
const one: StoredByRun = {
  packs: 1,
  smallPacks: 1,
  indexes: 1,
  treePacks: 1,
  bytes: 1000,
  indexBytes: 100,
  treeBytes: 10,
}

function run(host: number, at: number, stored: StoredByRun, minutes = 0): BackupRun {
  return { host, at, minutes, stored }
}

function simulate(hosts: number, backups: BackupRun[], prunes: { at: number }[] = []) {
  return simulateFleet({
    hosts,
    backups,
    prunes: prunes.map(({ at }) => ({ at, deadPackRatio: 0, forgotten: 0 })),
    start: { ...empty, indexBytes: 0, packBytes: 0 },
    snapshotBytes: 800,
  })
}

describe('listingRequests()', () => {
  it.each([
    [0, 1],
    [1000, 1],
    [16_000, 17],
    [160_000, 1 + 15 * 10 + 9],
  ])('of %d names are %d', (names, requests) => {
    expect(listingRequests(names)).toBe(requests)
  })

  it('are those of the program, for names that are spread evenly', () => {
    for (const count of [1001, 1500, 4096, 20_000, 65_536]) {
      const names = Array.from({ length: count }, (_, index) =>
        Math.floor((index / count) * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      )
      let requests = 1
      for (const { prefix, after = '' } of spansAfter('', names[999])) {
        const left = names.filter((name) => name.startsWith(prefix) && name > after).length
        requests += Math.max(1, Math.ceil(left / 1000))
      }
      expect(Math.abs(listingRequests(count) - requests)).toBeLessThanOrEqual(1)
    }
  })
})

describe('backupRequests()', () => {
  it('are 22 when nothing has changed and nobody else is there', () => {
    const asked = backupRequests({
      state: empty,
      news: noNews,
      stored: storedNothing,
      locks: 0,
      minutes: 0,
      snapshotBytes: 800,
    })
    expect(asked).toMatchObject({ gets: 2, puts: 2, lists: 17, deletes: 1 })
  })

  it('are fewer with other rules', () => {
    const news = { ...noNews, snapshots: 5, indexes: 5, treePacks: 5, treeBytes: 500 }
    const state = { snapshots: 10, indexes: 10, packs: 200_000, journal: 0 }
    const work = { state, news, stored: storedNothing, locks: 0, minutes: 0, snapshotBytes: 0 }
    const now = backupRequests(work)
    const design = { catchUps: 1, listsPacks: false, takesOthersTrees: false }
    const then = backupRequests({ ...work, design })
    expect(now.lists - then.lists).toBe(4 + listingRequests(200_000))
    expect(now.gets - then.gets).toBe(5)
    expect(now.downBytes - then.downBytes).toBe(500 + (20 + 200_000) * 350)
  })

  it('refreshes the lock every five minutes', () => {
    const work = { state: empty, news: noNews, stored: storedNothing, locks: 0, snapshotBytes: 0 }
    const short = backupRequests({ ...work, minutes: 4 })
    const long = backupRequests({ ...work, minutes: 11 })
    expect(long.puts - short.puts).toBe(2)
    expect(long.lists - short.lists).toBe(4)
    expect(long.deletes - short.deletes).toBe(2)
  })
})

describe('simulateFleet()', () => {
  it('lets a host ask for what others have stored, once, and not for its own', () => {
    const { backups } = simulate(2, [
      run(0, 0, one),
      run(0, 1, storedNothing),
      run(1, 2, one),
      run(1, 3, storedNothing),
      run(0, 4, storedNothing),
    ])
    // config and key; then index object, page and snapshot of each of the others' runs. Its own pages it has kept.
    expect(backups.map(({ gets }) => gets)).toEqual([2, 2, 2 + 4, 2, 2 + 3 + 1])
  })

  it('lets runs at the same time meet the locks of each other', () => {
    const runs = [0, 1, 2].map((host) => run(host, 0, storedNothing, 4))
    const { backups, locksMax } = simulate(3, [...runs, run(0, 10, storedNothing)])
    expect(locksMax).toBe(2)
    expect(backups.map(({ gets }) => gets)).toEqual([2, 3, 4, 2 + 2])
  })

  it('lets everybody take in again what a prune has merged, and nothing that it replaced', () => {
    const days = Array.from({ length: 20 }, (_, day) => run(0, day, one))
    const last = run(1, 30, storedNothing)
    const without = simulate(2, [...days, last])
    const merged = simulate(2, [...days, last], [{ at: 25 }])
    expect(without.backups[20].gets).toBe(2 + 20 * 3)
    expect(merged.end).toMatchObject({ packs: 1, indexes: 1, snapshots: 21 })
    expect(merged.backups[20].gets).toBe(2 + 1 + 20 * 2)
  })

  it('grows with the square of the hosts in what they take in from each other', () => {
    const gets = (hosts: number): number => {
      const size = { storedBytes: hosts * 1e11, files: hosts * 1e6, chunks: hosts * 1.5e6 }
      const assumed = { ...largeFleet, ...size, hosts, days: 2, minutes: 0, daysBetweenPrunes: 100 }
      return simulateFleet(fleetMonth(assumed)).total.gets
    }
    expect(gets(100) / gets(10)).toBeGreaterThan(50)
  })
})

describe('billOf()', () => {
  const [s3] = priceLists
  const month = { storedBytes: 100e12, requests: { ...noRequests, lists: 1e6, downBytes: 1e12 } }

  it('has storage, requests, and traffic only outside of the store', () => {
    expect(billOf(s3, month, false)).toMatchObject({ storage: 2200, traffic: 0 })
    expect(billOf(s3, month, true).requests).toBeCloseTo(5, 6)
    expect(billOf(s3, month, true).traffic).toBeCloseTo(90, 6)
  })

  it('bills what leaves beyond the free part, and tells what the terms do not allow', () => {
    const b2 = priceLists.find(({ name }) => name === 'Backblaze B2')
    const wasabi = priceLists.find(({ name }) => name === 'Wasabi')
    if (!b2 || !wasabi) throw new Error('A price list is missing')
    const much = { ...month, requests: { ...noRequests, downBytes: 400e12 } }
    expect(billOf(b2, month, true).traffic).toBe(0)
    expect(billOf(b2, much, true).traffic).toBeCloseTo(1000, 6)
    expect(billOf(wasabi, much, true).isOverTerms).toBe(true)
    expect(billOf(wasabi, month, true).isOverTerms).toBe(false)
  })
})

describe('storedByBackup()', () => {
  it('is a day of one host of the fleet', () => {
    const { bytes, packs, indexes, indexBytes } = storedByBackup(largeFleet)
    expect(bytes).toBeGreaterThan(1e9)
    expect(packs).toBe(36)
    expect(indexes).toBe(2)
    expect(indexBytes).toBeCloseTo(555_000, 3)
  })
})
