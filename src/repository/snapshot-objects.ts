import type { SnapshotId } from '../model/ids.ts'
import { toObjectId } from '../model/ids.ts'
import type { Storage } from '../storage/storage.ts'

/** Each further listing means that a snapshot went from one folder to the other meanwhile. */
const listingsMax = 20

export interface SnapshotObjects {
  readonly snapshots: ReadonlySet<SnapshotId>
  readonly forgotten: ReadonlySet<SnapshotId>
}

/**
 * Lists snapshots and forgotten ones so that none is missed that goes from one folder to the other at this moment: it is put into the new folder
 * before it leaves the old one, so looking at the first again after the second sees it.
 */
export async function listSnapshotObjects(storage: Storage): Promise<SnapshotObjects> {
  const snapshots = await idsIn(storage, 'snapshots')
  const forgotten = await idsIn(storage, 'forgotten')
  for (let listing = 0; listing < listingsMax; listing++) {
    const before = snapshots.size + forgotten.size
    for (const id of await idsIn(storage, 'snapshots')) snapshots.add(id)
    for (const id of await idsIn(storage, 'forgotten')) forgotten.add(id)
    if (snapshots.size + forgotten.size === before) break
  }
  return { snapshots, forgotten }
}

async function idsIn(
  storage: Storage,
  folder: 'snapshots' | 'forgotten',
): Promise<Set<SnapshotId>> {
  const names = await storage.listNames(folder)
  return new Set(names.map((name) => toObjectId(name.slice(folder.length + 1))))
}
