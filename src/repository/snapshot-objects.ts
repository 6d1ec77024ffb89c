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
 * before it leaves the old one. Both are listed together, and again until there is nothing new: what the second pair of listings missed in the folder
 * to which it went had not gone there when that pair began, so the first pair has seen it where it was.
 */
export async function listSnapshotObjects(storage: Storage): Promise<SnapshotObjects> {
  const snapshots = new Set<SnapshotId>()
  const forgotten = new Set<SnapshotId>()
  for (let listing = 0; listing <= listingsMax; listing++) {
    const before = snapshots.size + forgotten.size
    const [ids, forgottenIds] = await Promise.all([
      idsIn(storage, 'snapshots'),
      idsIn(storage, 'forgotten'),
    ])
    for (const id of ids) snapshots.add(id)
    for (const id of forgottenIds) forgotten.add(id)
    if (listing > 0 && snapshots.size + forgotten.size === before) break
  }
  return { snapshots, forgotten }
}

async function idsIn(storage: Storage, folder: 'snapshots' | 'forgotten'): Promise<SnapshotId[]> {
  const names = await storage.listNames(folder)
  return names.map((name) => toObjectId(name.slice(folder.length + 1)))
}
