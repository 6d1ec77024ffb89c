import { describe, expect, it } from 'vitest'
import { chooseRetained } from '../../../../src/operations/prune/choose-retained.ts'
import type { ObjectVersion } from '../../../../src/repository/versions.ts'

let count = 0

function version(name: string, facts: Partial<ObjectVersion> = {}): ObjectVersion {
  count += 1
  return {
    name,
    versionId: `v${count}`,
    storedAtMs: count,
    bytes: 1,
    contentTag: 'good',
    isCurrent: true,
    isDeletion: false,
    ...facts,
  }
}

const idsOf = (versions: readonly ObjectVersion[]): string[] =>
  versions.map(({ versionId }) => versionId).toSorted()

describe('chooseRetained()', () => {
  it('takes what is there, and of equal bytes the newest', () => {
    const older = version('a', { isCurrent: false })
    const now = version('a')
    const { retained, changed } = chooseRetained([now, older], false)
    expect([idsOf(retained), changed]).toEqual([[now.versionId], []])
  })

  it('takes what was overwritten as well, and names it', () => {
    const good = version('a', { isCurrent: false })
    const bad = version('a', { contentTag: 'bad' })
    const unknown = version('b', { contentTag: '' })
    const { retained, changed } = chooseRetained([good, bad, unknown], false)
    expect(idsOf(retained)).toEqual(idsOf([good, bad, unknown]))
    expect(changed).toEqual(['a'])
  })

  it('takes what was deleted only when it is told to', () => {
    const gone = version('a', { isCurrent: false })
    const marker = version('a', { isDeletion: true, contentTag: '' })
    expect(chooseRetained([gone, marker], false).retained).toEqual([])
    expect(chooseRetained([gone, marker], true).retained).toEqual([gone])
  })
})
