import type { StoredDirectory } from '../../format/tree/directory-writer.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { RecordedSnapshot } from '../../repository/commit-snapshot.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import {
  storeSnapshot,
  type StoredSource,
  type StoringBase,
  type StoringPool,
} from '../../repository/store-snapshot.ts'
import { WorkerPool } from '../../workers/worker-pool.ts'
import { RelayedFiles } from './relayed-files.ts'
import {
  createSnapshotWorker,
  snapshotWorkerName,
  snapshotWorkerUrl,
  type SnapshotWorkerNote,
  type SnapshotWorkerReply,
  type SnapshotWorkerRequest,
  type SnapshotWorkerSetup,
} from './snapshot-worker.ts'

export type SnapshotPool = WorkerPool<
  SnapshotWorkerSetup,
  SnapshotWorkerRequest,
  SnapshotWorkerReply,
  SnapshotWorkerNote
>

/** What there is to store blobs with, and what may be taken from the parent. */
export interface SnapshotBase extends Omit<StoringBase<StoringPool>, 'pool'> {
  readonly pool: SnapshotPool
  /** For large files; null when there are no threads to share them. */
  readonly relayed: RelayedFiles | null
}

/** What differs between what is saved: files, a stream, a simulated source. */
export interface SnapshotSaving {
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnEvent | undefined
  chooseParent(): Snapshot | null
  store(base: SnapshotBase): Promise<StoredDirectory>
  manifest(stored: StoredSource): Omit<RecordedSnapshot, 'knownDamage'>
}

interface ReadingPool extends StoringPool {
  readonly workers: SnapshotPool
  readonly relayed: RelayedFiles
}

/**
 * From the lease to the commit: stores what is read from files, by threads.
 *
 * @throws {RepositoryError} on any fault of the repository; then there is no snapshot
 */
export async function saveSnapshot(
  repository: Repository,
  lease: Lease,
  saving: SnapshotSaving,
): Promise<StoredSource & { readonly saved: Snapshot }> {
  const { threadCount } = repository
  return await storeSnapshot<ReadingPool>(repository, lease, {
    signal: saving.signal,
    onEvent: saving.onEvent,
    chooseParent: () => saving.chooseParent(),
    openPool(setup, { session, onPack }) {
      const workers: SnapshotPool = new WorkerPool({
        name: snapshotWorkerName,
        entryUrl: snapshotWorkerUrl,
        factory: createSnapshotWorker,
        setup: { ...setup, context: repository.context },
        threads: threadCount,
        onNote: (note) => {
          if (note.type === 'pack') onPack(note.pack)
          else relayed.take(note.cut)
        },
      })
      const relayed = new RelayedFiles(session, async (piece) => {
        const { results } = await workers.submit({ type: 'piece', piece })
        return results
      })
      return {
        workers,
        relayed,
        finish: async () => {
          const replies = await workers.broadcast({ type: 'finish' })
          return replies.map(({ counts }) => counts)
        },
        discard: () => workers.broadcast({ type: 'discard' }),
        close: () => workers.close(),
        terminate: () => workers.terminate(),
      }
    },
    store: ({ pool, ...base }) =>
      saving.store({
        ...base,
        pool: pool.workers,
        relayed: threadCount > 1 ? pool.relayed : null,
      }),
    manifest: (stored) => saving.manifest(stored),
  })
}
