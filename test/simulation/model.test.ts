import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scratchFolder } from '../support/scratch.ts'
import { huntMutant } from './hunt-mutant.ts'
import { mutants } from './mutants.ts'
import { runSchedules, type ScheduleTotals } from './run-schedules.ts'

const run = (natives: 'light' | 'real', first: number, count: number): Promise<ScheduleTotals> =>
  runSchedules({
    first,
    count,
    processes: 1,
    natives,
    isOver: () => false,
    onPortion: () => undefined,
  })

/** The long form is `npm run soak -- model`. */
describe('the model check', () => {
  it('finds no schedule in which an acknowledged snapshot misses a blob', async () => {
    const { done, bad, counts } = await run('light', 1, 100)
    expect(bad).toEqual([])
    expect(done).toBe(100)
    expect(counts['acknowledged']).toBeGreaterThan(100)
    expect(counts['prune done']).toBeGreaterThan(30)
    expect(counts['kills']).toBeGreaterThan(10)
  }, 60_000)

  it('draws the same schedules for the same seeds, and does so with the real hash and zstd', async () => {
    const first = await run('light', 1000, 10)
    const again = await run('light', 1000, 10)
    expect(again.counts).toEqual(first.counts)
    const real = await run('real', 1000, 10)
    expect(real.bad).toEqual([])
  }, 60_000)

  it('notices when a rule is missing', async () => {
    const mutant = mutants.find(
      ({ name }) => name === 'index objects name packs that are not durable',
    )
    if (!mutant) throw new Error('There is no such mutant')
    const folder = join(scratchFolder(), 'mutant')
    const found = await huntMutant(mutant, { folder, schedules: 300, processes: 1 })
    expect(found?.violation).toContain('misses')
  }, 60_000)
})
