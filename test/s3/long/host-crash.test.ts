import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import { seededRandom } from '../../support/faulty-storage.ts'
import { startCeph } from '../engines/ceph.ts'
import type { Engine } from '../engines/engine.ts'
import { Fleet } from '../hosts/fleet.ts'

const [victim, other] = [0, 1]
/** Those that any of the two makes at least: lock, pack, index, snapshot or condemned object, lock again. */
const writesMin = { snapshot: 5, prune: 8 }
const minutes = 60_000

describe('a host is killed at any of its requests that change something', () => {
  let ceph: Engine
  beforeAll(async () => {
    ceph = await startCeph()
  })
  afterAll(async () => {
    await ceph.remove()
  })

  const cases = (['snapshot', 'prune'] as const).flatMap((verb) =>
    (['before', 'after'] as const).map((when) => ({ verb, when })),
  )
  it.each(cases)(
    '$verb, right $when it is done: another backs up, prunes and restores all that was acknowledged',
    async ({ verb, when }) => {
      const violations: string[] = []
      const fleet = await Fleet.open({
        access: ceph.access,
        folder: scratchFolder(fastFolder),
        hosts: 2,
        seed: 7,
        random: seededRandom(7),
        // Nobody can tell that a machine is gone but by this.
        leaseSeconds: 4,
        keepLast: 1,
        violation: (message) => violations.push(message),
      })
      let write = 0
      try {
        await fleet.alone(victim, 'snapshot', 0)
        for (let round = 1; ; round += 2) {
          if (verb === 'prune') {
            await fleet.alone(other, 'snapshot', round)
            await fleet.alone(other, 'forget', round)
          }
          const run = await fleet.alone(victim, verb, round, { write, when })
          if (!run.wasKilled) break
          fleet.hosts[victim].reboot()
          await fleet.alone(other, 'snapshot', round + 1)
          await fleet.alone(other, 'forget', round + 1)
          await fleet.alone(other, 'prune', round + 1)
          await fleet.restoreAll()
          expect(violations, `write ${write}`).toEqual([])
          write += 1
        }
        await fleet.settle()
      } finally {
        fleet.close()
      }
      expect(violations).toEqual([])
      expect(write).toBeGreaterThanOrEqual(writesMin[verb])
      process.stdout.write(`${verb} killed right ${when} each of ${write} writes\n`)
    },
    15 * minutes,
  )
})
