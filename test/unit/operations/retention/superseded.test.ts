import { describe, expect, it } from 'vitest'
import type { SnapshotSummary } from '../../../../src/catalogue/snapshot-row.ts'
import { withoutSuperseded } from '../../../../src/operations/retention/superseded.ts'

type Fields =
  | 'backupId'
  | 'hostname'
  | 'startedAtMs'
  | 'endedAtMs'
  | 'treeId'
  | 'parentId'
  | 'original'

const one = {
  backupId: 'backup_100',
  hostname: 'one',
  startedAtMs: 100_123,
  endedAtMs: 101_456,
  treeId: 'a'.repeat(64),
  parentId: null,
  original: null,
} as Pick<SnapshotSummary, Fields>

function left(...others: readonly Partial<Pick<SnapshotSummary, Fields>>[]): string[] {
  const all = [one, ...others.map((fields) => ({ ...one, ...fields }))] as SnapshotSummary[]
  return withoutSuperseded(all).map(({ backupId }) => backupId)
}

describe('withoutSuperseded()', () => {
  it('leaves of what a run has stored twice the one that stays, whatever the order', () => {
    expect(left({ backupId: 'backup_101' })).toEqual(['backup_101'])
    expect(left({ backupId: 'backup_99' })).toEqual(['backup_100'])
    expect(left({ backupId: 'backup_101' }, { backupId: 'backup_103' })).toEqual(['backup_103'])
  })

  it('leaves backups that only look alike: of another host, another run, another tree, or copied from elsewhere', () => {
    const original = { repositoryId: 'b'.repeat(64), snapshotId: 'c'.repeat(64) }
    for (const difference of [
      { hostname: 'two' },
      { startedAtMs: 100_124 },
      { endedAtMs: 101_457 },
      { treeId: 'b'.repeat(64) },
      { parentId: 'd'.repeat(64) },
      { original },
    ] as Partial<Pick<SnapshotSummary, Fields>>[]) {
      expect(left({ ...difference, backupId: 'backup_101' })).toEqual(['backup_100', 'backup_101'])
    }
  })
})
