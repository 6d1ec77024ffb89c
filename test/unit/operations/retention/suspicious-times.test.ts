import { describe, expect, it } from 'vitest'

import type { RetentionSnapshot } from '../../../../src/operations/retention/retention-snapshot.ts'
import { findSuspiciousTimes } from '../../../../src/operations/retention/suspicious-times.ts'
import { snapshotAt } from '../../../support/retention/retention-fixtures.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const nowMs = Date.parse('2026-11-23T12:00:00Z')

function suspicious(...snapshots: RetentionSnapshot[]): [RetentionSnapshot, string][] {
  const found = findSuspiciousTimes(snapshots, nowMs)
  return snapshots
    .filter(({ id }) => found.has(id))
    .map((snapshot) => [snapshot, found.get(snapshot.id) ?? ''])
}

describe('findSuspiciousTimes()', () => {
  it('finds nothing wrong with backups that were made one after the other', () => {
    const first = snapshotAt(nowMs - 9 * dayMs)
    const second = snapshotAt(nowMs - 2 * dayMs, { parentId: first.id })
    expect(suspicious(second, first, snapshotAt(nowMs))).toEqual([])
  })

  it('finds a time in the future, with some room for clocks', () => {
    const soon = snapshotAt(nowMs + 5 * minuteMs, { receivedAtMs: nowMs })
    const later = snapshotAt(nowMs + 5 * minuteMs + 1, { receivedAtMs: nowMs + dayMs })
    expect(suspicious(soon, later)).toEqual([[later, 'its time is in the future']])
  })

  it('finds what came after the lease of its writer was over, until it is verified', () => {
    const times = { receivedAtMs: nowMs - dayMs, leaseEndedAtMs: nowMs - dayMs }
    const late = snapshotAt(nowMs - dayMs, times)
    const before = snapshotAt(nowMs - dayMs, { ...times, receivedAtMs: nowMs - dayMs - 1 })
    const verified = snapshotAt(nowMs - dayMs, { ...times, verifiedAtMs: nowMs })
    const reason = "it came after its writer's lease was over, and was not verified since"
    expect(suspicious(late, before, verified)).toEqual([[late, reason]])
  })

  it('finds a time later than the arrival', () => {
    const arrivedMs = nowMs - 9 * dayMs
    const right = snapshotAt(arrivedMs + 5 * minuteMs, { receivedAtMs: arrivedMs })
    const wrong = snapshotAt(arrivedMs + 6 * minuteMs, { receivedAtMs: arrivedMs })
    expect(suspicious(right, wrong)).toEqual([
      [wrong, 'its time is later than its arrival in the repository'],
    ])
  })

  it('finds what was finished before its parent was', () => {
    // The storage's clock was set back by a day between the two.
    const parent = snapshotAt(nowMs - dayMs)
    const child = snapshotAt(nowMs - 2 * dayMs, { parentId: parent.id })
    expect(suspicious(parent, child)).toEqual([[child, 'its time is before that of its parent']])
  })

  it('believes no parent whose own time is wrong', () => {
    const parent = snapshotAt(nowMs + 400 * dayMs, { receivedAtMs: nowMs - dayMs })
    const child = snapshotAt(nowMs, { parentId: parent.id })
    expect(suspicious(parent, child).map(([snapshot]) => snapshot)).toEqual([parent])
  })

  it('finds a time before that of what arrived earlier', () => {
    const good = snapshotAt(nowMs - 3 * dayMs)
    const backdated = snapshotAt(nowMs - 300 * dayMs, { receivedAtMs: nowMs - 2 * dayMs })
    expect(suspicious(good, backdated)).toEqual([
      [backdated, 'it arrived after snapshots of a later time'],
    ])
  })

  it('finds that also without a recorded time, by what the client says', () => {
    const good = snapshotAt(nowMs - 3 * dayMs)
    const backdated = snapshotAt(nowMs - 300 * dayMs, {
      recordedAtMs: null,
      receivedAtMs: nowMs - 2 * dayMs,
    })
    expect(suspicious(good, backdated).map(([snapshot]) => snapshot)).toEqual([backdated])
  })

  it('suspects nobody in a copied repository, where everything arrived at once and in any order', () => {
    const copiedMs = nowMs - dayMs
    const copies = [300, 30, 3, 200].map((days, index) =>
      snapshotAt(nowMs - days * dayMs, { receivedAtMs: copiedMs + index }),
    )
    const made = snapshotAt(nowMs - hourMs)
    expect(suspicious(...copies, made)).toEqual([])
  })

  it('suspects nobody for a clock of a client', () => {
    const atMs = nowMs - dayMs
    const ahead = { startedAtMs: atMs + 999 * dayMs, endedAtMs: atMs + 999 * dayMs }
    expect(suspicious(snapshotAt(nowMs - 2 * dayMs), snapshotAt(atMs, ahead))).toEqual([])
  })

  describe('of copies of another repository', () => {
    const copyOf = (
      repositoryId: string,
      timeMs: number,
      receivedAtMs: number,
    ): RetentionSnapshot =>
      snapshotAt(timeMs, { receivedAtMs, original: { repositoryId, snapshotId: '00'.repeat(32) } })
    const [one, two] = ['1a'.repeat(16), '2b'.repeat(16)]

    it('finds nothing wrong with those that come after backups that were made here', () => {
      const here = snapshotAt(nowMs - dayMs)
      const late = copyOf(one, nowMs - 9 * dayMs, nowMs)
      expect(suspicious(here, late)).toEqual([])
    })

    it('takes none for a proof against what was made here, or copied from elsewhere', () => {
      const ahead = copyOf(one, nowMs - hourMs, nowMs - 2 * hourMs + dayMs)
      const here = snapshotAt(nowMs - 2 * hourMs, { receivedAtMs: nowMs })
      expect(suspicious(ahead, here, copyOf(two, nowMs - 9 * dayMs, nowMs))).toEqual([])
    })

    it('leaves a day of room between those of several hosts, and no more', () => {
      const newest = copyOf(one, nowMs - dayMs, nowMs - dayMs + hourMs)
      const other = copyOf(one, nowMs - 2 * dayMs, nowMs - hourMs)
      const madeUp = copyOf(one, nowMs - 2 * dayMs - 1, nowMs - hourMs)
      expect(suspicious(newest, other, madeUp)).toEqual([
        [madeUp, 'it arrived after snapshots of a later time'],
      ])
    })
  })
})
