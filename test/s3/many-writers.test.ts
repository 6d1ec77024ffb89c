import { expect, it } from 'vitest'

import { seededRandom } from '../support/faulty-storage.ts'
import { scratchFolder } from '../support/scratch.ts'
import { givenCeph } from './engines/given-ceph.ts'
import { Fleet } from './hosts/fleet.ts'

/* At length: `npm run soak -- hosts`. */

const rounds = 3

it('machines back up and prune at the same time, one is killed, nothing is missing, and what could be seen is not stored again', async () => {
  const violations: string[] = []
  const seed = Math.floor(Math.random() * 2 ** 31)
  const fleet = await Fleet.open({
    access: await givenCeph(),
    folder: scratchFolder(),
    hosts: 4,
    seed,
    random: seededRandom(seed),
    leaseSeconds: 8,
    keepLast: 1,
    violation: (message) => violations.push(message),
  })
  try {
    for (let round = 0; round < rounds; round++) await fleet.round(round)
    await fleet.settle()
  } finally {
    fleet.close()
  }
  expect(violations, `seed ${seed}`).toEqual([])
  const { acknowledged, restored, packsDeleted, packsRewritten } = fleet.tally
  expect(acknowledged).toBeGreaterThanOrEqual(rounds * 3)
  expect(restored).toBeGreaterThanOrEqual(3)
  expect(packsDeleted + packsRewritten).toBeGreaterThan(0)
})
