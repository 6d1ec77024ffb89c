import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import type { JournalRecord } from '../../../src/model/journal-record.ts'
import { objectIdOf } from './catalogue-fixtures.ts'

let catalogue: Catalogue

beforeEach(() => {
  catalogue = openCatalogue(':memory:')
})

afterEach(() => catalogue.close())

const snapshotId = objectIdOf('snapshot')

function add(name: string, kind: JournalRecord['kind'], fields: object = {}): JournalRecord {
  const record = { version: 1, kind, atMs: 1_000, ...fields } as const
  catalogue.journal.add(objectIdOf(name), record)
  return record
}

describe('journal', () => {
  it('gives records back with all their fields, newest first', () => {
    const old = add('a', 'verification', {
      atMs: 1,
      snapshotId,
      result: 'ok',
      counts: { files: 3 },
    })
    const young = add('b', 'restoration', { atMs: 2, target: '/tmp/x' })
    expect(catalogue.journal.list()).toEqual([
      { id: objectIdOf('b'), record: young },
      { id: objectIdOf('a'), record: old },
    ])
  })

  it('takes each object once and removes it', () => {
    const record = { version: 1, kind: 'failure', atMs: 1 } as const
    expect(catalogue.journal.add(objectIdOf('a'), record)).toBe(true)
    expect(catalogue.journal.add(objectIdOf('a'), record)).toBe(false)
    expect(catalogue.journal.remove(objectIdOf('a'))).toBe(true)
    expect(catalogue.journal.remove(objectIdOf('a'))).toBe(false)
    expect(catalogue.journal.list()).toEqual([])
  })

  it('lists by kind, snapshot and number', () => {
    for (let atMs = 1; atMs <= 9; atMs++) {
      const fields = { atMs, ...(atMs % 2 === 0 ? { snapshotId } : {}) }
      add(`${atMs}`, atMs % 3 === 0 ? 'deletion' : 'verification', fields)
    }
    const times = (filter: Parameters<typeof catalogue.journal.list>[0]): number[] =>
      catalogue.journal.list(filter).map(({ record }) => record.atMs)
    expect(times({ limit: 3 })).toEqual([9, 8, 7])
    expect(times({ kind: 'deletion' })).toEqual([9, 6, 3])
    expect(times({ snapshotId })).toEqual([8, 6, 4, 2])
    expect(times({ snapshotId, kind: 'verification', limit: 2 })).toEqual([8, 4])
    expect(times({ snapshotId: objectIdOf('other') })).toEqual([])
  })

  it('takes fields of odd types as they are', () => {
    const record = add('a', 'verification', { snapshotId: 5, result: ['ok'] })
    add('b', 'verification', { snapshotId: '../x', result: null })
    expect(catalogue.journal.list({ limit: 9 })).toHaveLength(2)
    expect(catalogue.journal.list().find(({ id }) => id === objectIdOf('a'))?.record).toEqual(
      record,
    )
  })

  it('knows the newest verification of a snapshot, whatever its result', () => {
    expect(catalogue.journal.verificationOf(snapshotId)).toBeUndefined()
    add('a', 'verification', { atMs: 5, snapshotId, result: 'ok' })
    const damaged = add('b', 'verification', { atMs: 6, snapshotId, result: 'damaged' })
    add('c', 'verification', { atMs: 7, snapshotId: objectIdOf('other'), result: 'ok' })
    expect(catalogue.journal.verificationOf(snapshotId)).toEqual({
      atMs: 6,
      result: 'damaged',
      record: damaged,
    })
  })
})
