import fc from 'fast-check'
import { describe, it } from 'vitest'

import { zones } from '../support/retention/histories.ts'
import { retentionProperties } from '../support/retention/properties.ts'
import { inZone } from '../support/retention/retention-fixtures.ts'

/** The long form is `npm run soak -- retention`. */
const histories = 12_000

describe.each(zones)('retention in %s', (zone) => {
  it.each(Object.entries(retentionProperties))('%s', (_, property) => {
    const numRuns = histories / zones.length / Object.keys(retentionProperties).length
    inZone(zone, () => fc.assert(property, { numRuns }))
  })
})
