import { decodeSnapshotManifest } from '../format/manifest/snapshot-manifest.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isLoss } from './loss.ts'
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
  for (const id of forgotten) {
    // Brought back, or not yet gone.
    if (snapshots.has(id)) continue
    const name = `forgotten/${id}`
    try {
      const manifest = decodeSnapshotManifest(await repository.readSmallObject('snapshot', name))
      const { modifiedAtMs } = await repository.storage.stat(name)
      found.push({ snapshot: { ...manifest, id }, forgottenAtMs: modifiedAtMs })
    } catch (error) {
      if (!isLoss(error)) throw error
    }
  }
  return found.sort((one, other) => one.snapshot.startedAtMs - other.snapshot.startedAtMs)
}
