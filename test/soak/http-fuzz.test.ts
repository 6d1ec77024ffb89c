import { describe, expect, it } from 'vitest'

import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { runSoak } from './frame/run-soak.ts'
import { soak } from './http-fuzz.soak.ts'

describe('npm run soak -- http-fuzz, in short', () => {
  it('answers 1,000 mutated requests without a fault and nobody without the token', async () => {
    const report = await runSoak('http-fuzz', soak, {
      count: 1_000,
      parent: scratchFolder(fastFolder),
    })
    expect(report.violations, `seed ${report.seed}`).toEqual([])
    expect(report.done).toBeGreaterThanOrEqual(1_000)
  })
})
