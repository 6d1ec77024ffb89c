import { describe, expect, it } from 'vitest'

import { resultOf, sample } from '../report/report.fixture.ts'
import { addCosts } from './measure-command.ts'

const costOf = (wallSeconds: number, more: object): Parameters<typeof addCosts>[0][number] => ({
  ...resultOf([sample({ tool: 'holdfast', work: 'first', wallSeconds })]).samples[0].cost,
  ...more,
})

describe('addCosts()', () => {
  it('adds up times and bytes, takes the highest memory, and weighs the disturbance by time', () => {
    const sum = addCosts([
      costOf(1, { peakMemoryBytes: 5, readBytes: 10, otherCpuCores: 1, loadAverageBefore: 7 }),
      costOf(3, { peakMemoryBytes: 2, readBytes: 20, otherCpuCores: 0, loadAverageBefore: 9 }),
    ])
    expect(sum).toMatchObject({
      wallSeconds: 4,
      userSeconds: 4,
      systemSeconds: 2,
      peakMemoryBytes: 5,
      readBytes: 30,
      otherCpuCores: 0.25,
      loadAverageBefore: 7,
    })
  })
})
