import { describe, expect, it } from 'vitest'

import { planVersions } from '../../../src/operations/repair/plan-versions.ts'
import type { ObjectVersion } from '../../../src/storage/versioned-objects.ts'
import { nameOf } from '../../support/object-names.ts'

const name = nameOf('packs', 'a')
let count = 0

function version(storedAtMs: number, fields: Partial<ObjectVersion> = {}): ObjectVersion {
  count += 1
  return {
    name,
    versionId: `v${count}`,
    storedAtMs,
    bytes: 10,
    contentTag: `t${count}`,
    isCurrent: false,
    isDeletion: false,
    ...fields,
  }
}

describe('planVersions', () => {
  it('brings back what was deleted or overwritten since', () => {
    const deleted = version(1)
    const overwritten = version(2, { name: nameOf('index', 'b') })
    const plan = planVersions(
      [
        version(20, { isDeletion: true, isCurrent: true }),
        deleted,
        version(21, { name: overwritten.name, isCurrent: true }),
        overwritten,
      ],
      10,
    )
    expect(plan).toEqual([deleted, overwritten])
  })

  it('leaves alone what is as it was, what came since, what was deleted before, and locks', () => {
    const lock = nameOf('locks', 'c')
    const versions = [
      version(1, { isCurrent: true }),
      version(20, { name: nameOf('packs', 'new'), isCurrent: true }),
      version(1, { name: nameOf('packs', 'gone') }),
      version(5, { name: nameOf('packs', 'gone'), isDeletion: true, isCurrent: true }),
      version(1, { name: lock }),
      version(20, { name: lock, isDeletion: true, isCurrent: true }),
    ]
    expect(planVersions(versions, 10)).toEqual([])
  })

  it('takes the newest up to the time, itself included, and of one moment the one with bytes', () => {
    const wanted = version(10)
    const versions = [
      version(11, { isDeletion: true, isCurrent: true }),
      version(10, { isDeletion: true }),
      version(9),
      wanted,
    ]
    expect(planVersions(versions, 10)).toEqual([wanted])
  })

  it('does not bring back twice: a copy of the same bytes is the same', () => {
    const old = version(1, { contentTag: 'same' })
    const copy = version(30, { contentTag: 'same', isCurrent: true })
    expect(planVersions([copy, version(20), old], 10)).toEqual([])
    const other = version(30, { contentTag: 'same', bytes: 11, isCurrent: true })
    expect(planVersions([other, old], 10)).toEqual([old])
    const unknown = version(1, { contentTag: '' })
    expect(planVersions([version(30, { contentTag: '', isCurrent: true }), unknown], 10)).toEqual([
      unknown,
    ])
  })
})
