import fc from 'fast-check'

import { zones } from '../support/retention/histories.ts'
import { retentionProperties } from '../support/retention/properties.ts'
import { inZone } from '../support/retention/retention-fixtures.ts'
import type { Soak } from './frame/soak.ts'

/** Histories between two looks at the time. */
const batch = 2000

/** Retention against a naive model, and what somebody who may add snapshots can and cannot do by made-up times. */
export const soak: Soak = {
  proves:
    'What a policy keeps is what a naive model keeps, for any times and in four time zones; the last verified full backup always stays; ' +
    'snapshots with made-up times push nothing out.',
  takes: 'about 10 min',
  unit: 'histories',
  countDefault: 1_000_000,
  async run({ count, seed, isOver, progress, violation }) {
    const properties = Object.entries(retentionProperties)
    const done: Record<string, number> = Object.fromEntries(properties.map(([name]) => [name, 0]))
    let total = 0
    for (let turn = 0; total < count && !isOver(); turn++) {
      const zone = zones[turn % zones.length]
      const [name, property] = properties[Math.floor(turn / zones.length) % properties.length]
      const numRuns = Math.min(batch, count - total)
      const found = inZone(zone, () => fc.check(property, { numRuns, seed: (seed + turn) | 0 }))
      if (found.failed) violation(`${zone}: ${name}\n${fc.defaultReportMessage(found) ?? ''}`)
      done[name] += found.numRuns
      total += found.numRuns
      progress(total, zone)
    }
    return { done: total, figures: { ...done, 'time zones': zones.length } }
  },
}
