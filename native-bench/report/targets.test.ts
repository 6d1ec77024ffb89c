import { describe, expect, it } from 'vitest'

import { titles } from '../datasets/row.ts'
import type { Sample } from '../harness/sample.ts'
import { resultOf, sample } from './report.fixture.ts'
import { targetOutcomes, type TargetOutcome } from './targets.ts'

const work = titles.firstBackup

function outcome(title: string, samples: readonly Sample[]): TargetOutcome {
  const found = targetOutcomes(resultOf(samples)).find((one) => one.title === title)
  if (found === undefined) throw new Error(`There is no target "${title}"`)
  return found
}

describe('targetOutcomes()', () => {
  it('compares the medians of the rounds', () => {
    const own = [9, 3, 4].map((wallSeconds, index) =>
      sample({ work, tool: 'holdfast', round: index + 1, wallSeconds }),
    )
    const restic = sample({ work, tool: 'restic', wallSeconds: 10 })
    expect(outcome('time, first backup: source-tree', [restic, ...own])).toEqual({
      title: 'time, first backup: source-tree',
      wanted: '≤ 0.4 × restic',
      measured: '0.40 ×',
      verdict: 'met',
    })
  })

  it('says missed above the bound', () => {
    const restic = sample({ work, tool: 'restic', wallSeconds: 10 })
    const own = sample({ work, tool: 'holdfast', wallSeconds: 4.1 })
    expect(outcome('time, first backup: source-tree', [restic, own]).verdict).toBe('missed')
  })

  it('counts user and system time of the first backup', () => {
    const restic = sample({ work, tool: 'restic', wallSeconds: 10 })
    const own = sample({ work, tool: 'holdfast', wallSeconds: 6 })
    const { measured, verdict } = outcome('CPU time, first backup: source-tree', [restic, own])
    expect([measured, verdict]).toEqual(['0.60 ×', 'missed'])
  })

  it('does not judge what restic or Holdfast did not do', () => {
    const own = sample({ work, tool: 'holdfast' })
    const { measured, verdict } = outcome('time, first backup: source-tree', [own])
    expect([measured, verdict]).toEqual(['–', 'not measured'])
  })

  it('takes the growth of the repository for the bytes added', () => {
    const after = (tool: string, title: string, repositoryBytes: number): Sample =>
      sample({ dataSet: 'app-folder', tool, work: title, repositoryBytes })
    const samples = [
      after('restic', work, 100e6),
      after('holdfast', work, 90e6),
      after('restic', titles.vectorsInserted, 150e6),
      after('holdfast', titles.vectorsInserted, 95e6),
    ]
    const { measured, verdict } = outcome('bytes added by 40 inserts: app-folder', samples)
    expect([measured, verdict]).toEqual(['0.10 ×', 'met'])
  })

  it('judges memory by the highest round of the worst row, and names it', () => {
    const own = (title: string, round: number, peakMemoryBytes: number): Sample =>
      sample({ tool: 'holdfast', work: title, round, peakMemoryBytes })
    const samples = [own(work, 1, 200e6), own(work, 2, 310e6), own(titles.verify, 1, 250e6)]
    const { measured, verdict } = outcome('peak memory, every row', samples)
    expect(measured).toBe('310 MB (source-tree, first backup); 1 of 2 rows miss')
    expect(verdict).toBe('missed')
  })

  it('is not ahead of borg where it takes just as long', () => {
    const samples = ['borg', 'holdfast'].map((tool) => sample({ tool, work, wallSeconds: 2 }))
    expect(outcome('time, ahead of borg 1.4 in every row', samples).verdict).toBe('missed')
  })
})
