import type { SnapshotId } from '../model/ids.ts'
import type { Repository } from './repository.ts'

/**
 * Takes back a snapshot object that this run has just put and that nobody was told of. Never rejects: why it must not stay is what the caller tells, and
 * not what the storage says to this.
 */
export async function withdrawSnapshot({ storage }: Repository, id: SnapshotId): Promise<void> {
  await storage.delete(`snapshots/${id}`).catch(() => undefined)
  await storage.sync('snapshots').catch(() => undefined)
}
