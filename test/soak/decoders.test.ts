import { describe, expect, it } from 'vitest'
import { fuzzedDecoders } from '../support/forge/decoders.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { soak } from './decoders.soak.ts'
import { runSoak } from './frame/run-soak.ts'

describe('npm run soak -- decoders, in short', () => {
  it.each(fuzzedDecoders)('takes its seeds: $name', ({ name, seeds, decode }) => {
    // Parts of other objects are no good object themselves, but every decoder has one that is.
    const isPart = name === 'small object' || name === 'frame descriptor'
    if (isPart) return expect(seeds.length).toBeGreaterThan(0)
    return expect(() => decode(Buffer.from(seeds[0]))).not.toThrow()
  })

  it('refuses every mutant with a typed error, at once', async () => {
    const parent = scratchFolder(fastFolder)
    const report = await runSoak('decoders', soak, { count: 4_800, parent })
    expect(report.violations, `seed ${report.seed}`).toEqual([])
    expect(report.done).toBe(4_800)
  })
})
