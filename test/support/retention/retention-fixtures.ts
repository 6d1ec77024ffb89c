import type { SnapshotId } from '../../../src/model/ids.ts'
import type { RetentionSnapshot } from '../../../src/operations/retention/retention-snapshot.ts'

let count = 0

/** A snapshot that took no time, recorded when it began and received when it was recorded, if nothing else is said. */
export function snapshotAt(
  timeMs: number | string,
  fields: Partial<RetentionSnapshot> = {},
): RetentionSnapshot {
  const atMs = typeof timeMs === 'number' ? timeMs : Date.parse(timeMs)
  count += 1
  return {
    id: count.toString(16).padStart(8, '0').padEnd(64, '0') as SnapshotId,
    type: 'incremental',
    parentId: null,
    startedAtMs: atMs,
    endedAtMs: atMs,
    recordedAtMs: atMs,
    receivedAtMs: fields.recordedAtMs ?? atMs,
    hostname: 'web1',
    paths: ['/srv/app'],
    tags: [],
    verifiedAtMs: null,
    leaseEndedAtMs: null,
    ...fields,
  }
}

/** Runs with another local time zone. */
export function inZone<T>(zone: string, work: () => T): T {
  const before = process.env['TZ']
  process.env['TZ'] = zone
  try {
    return work()
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
}
