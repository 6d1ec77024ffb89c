import { describe, expect, it } from 'vitest'
import { engine } from '../../support/built-engine.ts'
import { findings, save } from '../../support/repositories.ts'
import { scratchFolder } from '../../support/scratch.ts'
import { change, copy, newPair } from './two-repositories.ts'

describe('forgetByPolicy() with copies', () => {
  it('counts with the times of the originals, and keeps copies apart from what was made here', async () => {
    const folder = scratchFolder()
    const { source, target } = await newPair()
    const ids: string[] = []
    for (const round of [1, 2, 3]) {
      change(folder, 'notes', `round ${round}`)
      await save(source, folder)
      change(folder, 'notes', `here ${round}`)
      ids.push((await save(target, folder)).snapshot.id)
    }
    const { snapshots } = await copy(target, source)
    const copies = snapshots.map(({ saved }) => saved?.id)
    const { groups } = await engine.forgetByPolicy(target, {
      policy: { kind: 'keep', last: 1, counts: {}, withinPeriods: {}, tags: [] },
      groupBy: new Set(),
      isSelected: () => true,
      trustTimes: false,
      mayRemoveAll: false,
      dryRun: false,
    })
    expect(new Set(groups.map(({ copiedFrom }) => copiedFrom))).toEqual(
      new Set([undefined, source.repositoryId]),
    )
    for (const { decisions } of groups) {
      expect(decisions.map(({ suspicion }) => suspicion)).toEqual([undefined, undefined, undefined])
    }
    const left = engine.listSnapshots(target).map(({ id }) => id)
    expect(new Set<unknown>(left)).toEqual(new Set([ids[2], copies[2]]))
    // What was forgotten here is not there any more, and is copied again.
    const again = await copy(target, source)
    expect(again.outcomes).toEqual(['copied', 'copied', 'present'])
    expect((await copy(target, source, { newerOnly: true })).outcomes).toEqual([
      'present',
      'present',
      'present',
    ])
    expect(await findings(target)).toEqual([])
  })
})
