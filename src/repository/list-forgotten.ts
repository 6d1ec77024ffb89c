import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isLoss } from './loss.ts'
import { readAhead } from './read-ahead.ts'
import type { Repository } from './repository.ts'
import { listSnapshotObjects } from './snapshot-objects.ts'

export interface ForgottenSnapshot {
  readonly snapshot: Snapshot
  /** By the clock of the storage. */
  readonly forgottenAtMs: number
}

/** Snapshots that can be brought back until a prune finds their grace over, oldest first. Damaged ones are left out. */
export async function listForgotten(repository: Repository): Promise<ForgottenSnapshot[]> {
  const found: ForgottenSnapshot[] = []
  const { snapshots, forgotten } = await listSnapshotObjects(repository.storage)
  // What is in both folders was brought back, or is not yet gone.
  const ids = [...forgotten].filter((id) => !snapshots.has(id))
  const read = async (id: SnapshotId): Promise<ForgottenSnapshot> => {
    const name = `forgotten/${id}`
    const [bytes, { modifiedAtMs }] = await Promise.all([
      repository.readSmallObject('snapshot', name),
      repository.storage.stat(name),
    ])
    return { snapshot: { ...decodeSnapshotManifest(bytes), id }, forgottenAtMs: modifiedAtMs }
  }
  await readAhead(repository.storage, ids, read, async (_id, snapshot) => {
    try {
      found.push(await snapshot)
    } catch (error) {
      if (!isLoss(error)) throw error
    }
  })
  return found.sort((one, other) => one.snapshot.startedAtMs - other.snapshot.startedAtMs)
}
