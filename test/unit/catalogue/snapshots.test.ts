import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { objectIdOf, snapshotOf } from './catalogue-fixtures.ts'

let catalogue: Catalogue

beforeEach(() => {
  catalogue = openCatalogue(':memory:')
})

afterEach(() => catalogue.close())

const backupIds = (list: readonly { backupId: string }[]): string[] =>
  list.map(({ backupId }) => backupId)

describe('snapshots', () => {
  it('gives back the whole manifest', () => {
    const snapshot = snapshotOf('a', {
      base: { base64: '/w==' },
      paths: ['/data', { base64: '/v8=' }],
      tags: ['nightly', 'x'],
      excludes: ['*.tmp'],
      parentId: objectIdOf('parent'),
      unreadable: [{ path: '/data/secret', message: 'EACCES' }],
      startedAtMs: 8_640_000_000_000_000,
    })
    expect(catalogue.snapshots.add(snapshot)).toBe(true)
    expect(catalogue.snapshots.add(snapshot)).toBe(false)
    expect(catalogue.snapshots.get(snapshot.id)).toEqual(snapshot)
    expect(catalogue.snapshots.get(objectIdOf('none'))).toBeUndefined()
    const { tree, version: _version, excludes: _excludes, program: _program, ...rest } = snapshot
    const { unreadable: _unreadable, leaseId: _lease, knownDamage: _damage, ...summary } = rest
    expect(catalogue.snapshots.summary(snapshot.id)).toEqual({
      ...summary,
      treeId: tree.id,
      original: null,
      receivedAtMs: null,
      leaseEndedAtMs: null,
      verifiedAtMs: null,
      damagedAtMs: null,
    })
    const original = { repositoryId: '1a'.repeat(16), snapshotId: '2b'.repeat(32) }
    const copy = snapshotOf('copy', { original })
    catalogue.snapshots.add(copy)
    expect(catalogue.snapshots.summary(copy.id)?.original).toEqual(original)
    expect(catalogue.snapshots.get(copy.id)?.original).toEqual(original)
  })

  it('lists the oldest first and finds the latest', () => {
    for (const [name, startedAtMs] of [
      ['b', 2],
      ['c', 3],
      ['a', 1],
    ] as const) {
      catalogue.snapshots.add(snapshotOf(name, { startedAtMs }))
    }
    expect(backupIds(catalogue.snapshots.list())).toEqual(['backup_a', 'backup_b', 'backup_c'])
    expect(catalogue.snapshots.latest()?.backupId).toBe('backup_c')
    expect(catalogue.snapshots.count()).toBe(3)
  })

  it('has no latest one when there is none', () => {
    expect(catalogue.snapshots.latest()).toBeUndefined()
    expect(catalogue.snapshots.list()).toEqual([])
  })

  it('chooses by all that a filter gives', () => {
    const drafts = {
      1: {},
      2: { hostname: 'beta' },
      3: { tags: ['nightly', 'big'] },
      4: { paths: ['/b', '/a'] },
      5: { type: 'config', base: '/project' },
      6: { base: { base64: 'L3Byb2plY3Q=' } },
      7: { hostname: 'beta', type: 'config' },
    } as const
    for (const [name, changes] of Object.entries(drafts)) {
      catalogue.snapshots.add(snapshotOf(name, { ...changes, startedAtMs: Number(name) }))
    }
    const chosen = (filter: Parameters<typeof catalogue.snapshots.list>[0]): string =>
      backupIds(catalogue.snapshots.list(filter)).join().replaceAll('backup_', '')
    expect(chosen({ hostname: 'beta' })).toBe('2,7')
    expect(chosen({ hostname: 'beta', types: ['config'] })).toBe('7')
    expect(chosen({ types: ['config', 'cache'] })).toBe('5,7')
    expect(chosen({ types: [] })).toBe('')
    expect(chosen({ tags: ['big'] })).toBe('3')
    expect(chosen({ tags: ['big', 'none'] })).toBe('')
    expect(chosen({ paths: ['/a', '/b'] })).toBe('4')
    expect(chosen({ paths: ['/a'] })).toBe('')
    expect(chosen({ base: '/project' })).toBe('5')
    expect(chosen({ base: { base64: 'L3Byb2plY3Q=' } })).toBe('6')
    expect(catalogue.snapshots.latest({ hostname: 'alpha', base: '/' })?.backupId).toBe('backup_4')
    expect(catalogue.snapshots.latest({ hostname: 'gamma' })).toBeUndefined()
  })

  it('finds by any number of leading digits', () => {
    const names = Array.from({ length: 60 }, (_, index) => `${index}`)
    for (const name of names) catalogue.snapshots.add(snapshotOf(name))
    const ids = names.map((name) => snapshotOf(name).id).sort()
    for (const id of ids) {
      for (const digits of [1, 2, 3, 9, 63, 64]) {
        const prefix = id.slice(0, digits)
        expect(catalogue.snapshots.findByPrefix(prefix)).toEqual(
          ids.filter((other) => other.startsWith(prefix)),
        )
      }
    }
  })

  it.each(['', 'xyz', 'A', '%', '0'.repeat(65), 'backup_1'])('finds none by %j', (prefix) => {
    catalogue.snapshots.add(snapshotOf('a'))
    expect(catalogue.snapshots.findByPrefix(prefix)).toEqual([])
  })

  it('finds all with one backup id, oldest first', () => {
    catalogue.snapshots.add(snapshotOf('a', { backupId: 'backup_7', startedAtMs: 7_900 }))
    catalogue.snapshots.add(snapshotOf('b', { backupId: 'backup_7', startedAtMs: 7_100 }))
    catalogue.snapshots.add(snapshotOf('c', { backupId: 'backup_77' }))
    const found = catalogue.snapshots.findByBackupId('backup_7').map(({ id }) => id)
    expect(found).toEqual([objectIdOf('snapshot b'), objectIdOf('snapshot a')])
  })

  it('forgets one', () => {
    catalogue.snapshots.add(snapshotOf('a'))
    expect(catalogue.snapshots.remove(objectIdOf('snapshot a'))).toBe(true)
    expect(catalogue.snapshots.remove(objectIdOf('snapshot a'))).toBe(false)
    expect(catalogue.snapshots.get(objectIdOf('snapshot a'))).toBeUndefined()
  })
})

describe('verifiedAtMs', () => {
  const verify = (name: string, atMs: number, result: unknown): void => {
    const record = {
      version: 1,
      kind: 'verification',
      atMs,
      result,
      snapshotId: objectIdOf('snapshot a'),
    } as const
    catalogue.journal.add(objectIdOf(name), record)
  }
  const verifiedAtMs = (): unknown => catalogue.snapshots.list()[0].verifiedAtMs

  it('is the time of the newest verification as long as that was ok', () => {
    catalogue.snapshots.add(snapshotOf('a'))
    catalogue.snapshots.add(snapshotOf('b', { startedAtMs: 1_800_000_000_000 }))
    verify('v2', 2_000, 'ok')
    verify('v1', 1_000, 'damaged')
    expect(verifiedAtMs()).toBe(2_000)
    expect(catalogue.snapshots.list()[1].verifiedAtMs).toBeNull()
    verify('v3', 3_000, 'damaged')
    expect(verifiedAtMs()).toBeNull()
    verify('v4', 4_000, 'ok')
    expect(verifiedAtMs()).toBe(4_000)
  })

  it('rests on no other kind of record', () => {
    catalogue.snapshots.add(snapshotOf('a'))
    const record = {
      version: 1,
      kind: 'restoration',
      atMs: 3,
      result: 'ok',
      snapshotId: objectIdOf('snapshot a'),
    } as const
    catalogue.journal.add(objectIdOf('r'), record)
    verify('odd', 2, { ok: true })
    expect(verifiedAtMs()).toBeNull()
  })
})

describe('leaseEndedAtMs', () => {
  const leaseId = 'ab'.repeat(16)
  const revoke = (name: string, fields: Record<string, unknown>): void => {
    const record = { version: 1, kind: 'revocation', atMs: 9_000, ...fields } as const
    catalogue.journal.add(objectIdOf(name), record)
  }
  const leaseEndedAtMs = (): unknown[] =>
    catalogue.snapshots.list().map((summary) => summary.leaseEndedAtMs)

  it('is the first revocation of the lease that the snapshot was made under, by the clock of the storage', () => {
    catalogue.snapshots.add(snapshotOf('a', { leaseId }))
    catalogue.snapshots.add(snapshotOf('b', { startedAtMs: 1_800_000_000_000, leaseId: null }))
    expect(leaseEndedAtMs()).toEqual([null, null])
    revoke('of another', { leaseId: 'cd'.repeat(16), storageAtMs: 1_000 })
    expect(leaseEndedAtMs()).toEqual([null, null])
    revoke('second', { leaseId, storageAtMs: 3_000 })
    revoke('first', { leaseId, storageAtMs: 2_000 })
    expect(leaseEndedAtMs()).toEqual([2_000, null])
  })

  it('is unknown in records that do not tell the time', () => {
    catalogue.snapshots.add(snapshotOf('a', { leaseId }))
    revoke('old', { leaseId })
    expect(leaseEndedAtMs()).toEqual([null])
  })
})

describe('latest', () => {
  it('passes over what the caller does not take', () => {
    catalogue.snapshots.add(snapshotOf('a'))
    catalogue.snapshots.add(snapshotOf('b', { startedAtMs: 1_800_000_000_000 }))
    const first = objectIdOf('snapshot a')
    expect(catalogue.snapshots.latest({}, ({ id }) => id === first)?.id).toBe(first)
    expect(catalogue.snapshots.latest({}, () => false)).toBeUndefined()
  })
})
