import type { StoredDirectory } from '../../format/tree/directory-writer.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { adoptPacks } from '../../repository/adopt-packs.ts'
import { findLosses } from '../../repository/audit/find-losses.ts'
import { BlobClaims } from '../../repository/blob-claims.ts'
import { openBlobSession, type BlobSession } from '../../repository/blob-session.ts'
import type { BlobCounts } from '../../repository/blob-store.ts'
import { condemnedRows } from '../../repository/condemned-packs.ts'
import { commitSnapshot, type RecordedSnapshot } from '../../repository/commit-snapshot.ts'
import { IndexWriter } from '../../repository/index-writer.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { knowsLosses, mayTrustParent } from '../../repository/may-trust-parent.ts'
import type { Repository } from '../../repository/repository.ts'
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
export interface SnapshotBase {
  readonly parent: Snapshot | null
  /** False when data that the parent refers to may be lost or about to go: then nothing is taken from it unread. */
  readonly trustsParent: boolean
  readonly session: BlobSession
  readonly pool: SnapshotPool
  /** For large files; null when there are no threads to share them. */
  readonly relayed: RelayedFiles | null
}

/** What has been stored, before the snapshot exists. */
export interface StoredSource {
  readonly parent: Snapshot | null
  readonly root: StoredDirectory
  readonly blobCounts: BlobCounts
  /** Length of the new packs, in bytes. */
  readonly packBytes: number
}

/** What differs between what is saved: files, a stream, a simulated source. */
export interface SnapshotSaving {
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnEvent | undefined
  chooseParent(): Snapshot | null
  store(base: SnapshotBase): Promise<StoredDirectory>
  manifest(stored: StoredSource): Omit<RecordedSnapshot, 'knownDamage'>
}

/** 2^19 slots, 10 MiB: covers the new blobs of about ten gigabytes between two index objects. */
const claimSlots = 2 ** 19

/**
 * From the lease to the commit: everything about a backup that is not about what is saved.
 *
 * @throws {RepositoryError} on any fault of the repository; then there is no snapshot
 */
export async function saveSnapshot(
  repository: Repository,
  { lock, condemned }: Lease,
  saving: SnapshotSaving,
): Promise<StoredSource & { readonly saved: Snapshot }> {
  const { missing } = await adoptPacks(repository, condemned, saving.onEvent)
  const losses = await findLosses(repository, missing)
  const parent = saving.chooseParent()
  const trustsParent = parent === null || mayTrustParent(parent, condemned, losses)
  if (parent !== null && !knowsLosses(parent, losses)) {
    saving.onEvent?.({
      type: 'notice',
      message:
        'data was lost since the last backup: every file is read once, and what is lost and still there is stored again',
    })
  }
  const index = new IndexWriter(repository)
  const setup: SnapshotWorkerSetup = {
    context: repository.context,
    claims: BlobClaims.allocate(claimSlots),
    hasBlobs: !repository.catalogue.blobs.isEmpty(),
    avoidedPacks: [...losses.packs, ...condemnedRows(repository, condemned)],
    avoidedSegments: losses.segments,
  }
  const session = openBlobSession(repository.context, {
    ...setup,
    onPack: (pack) => index.add(pack),
  })
  const pool: SnapshotPool = new WorkerPool({
    name: snapshotWorkerName,
    entryUrl: snapshotWorkerUrl,
    factory: createSnapshotWorker,
    setup,
    threads: repository.threadCount,
    onNote: (note) => {
      if (note.type === 'pack') index.add(note.pack)
      else relayed.take(note.cut)
    },
  })
  const relayed = new RelayedFiles(session, async (piece) => {
    const { results } = await pool.submit({ type: 'piece', piece })
    return results
  })
  try {
    const root = await saving.store({
      parent,
      trustsParent,
      session,
      pool,
      relayed: repository.threadCount > 1 ? relayed : null,
    })
    const workerCounts = await finishPacks(session, pool)
    // The workers' memory goes before the catalogue takes in what they wrote, and nothing of them can fail after the commit.
    await pool.close()
    await index.flush()
    saving.signal?.throwIfAborted()
    const blobCounts = sumCounts([session.store.counts, ...workerCounts])
    const stored = { parent, root, blobCounts, packBytes: index.packBytes }
    const manifest = { ...saving.manifest(stored), knownDamage: losses.recordIds }
    const saved = await commitSnapshot(repository, manifest, lock)
    return { ...stored, saved }
  } catch (error) {
    await session.packs.discard()
    await pool.broadcast({ type: 'discard' }).catch(() => undefined)
    await pool.terminate()
    await index.settle()
    throw error
  } finally {
    await session.close()
  }
}

/** Writes out every open segment and pack, the main thread's and the workers'. */
async function finishPacks(session: BlobSession, pool: SnapshotPool): Promise<BlobCounts[]> {
  // Both are waited for together: a full disk fails them all, and no failure must go unheard.
  const [replies] = await Promise.all([pool.broadcast({ type: 'finish' }), session.packs.finish()])
  return replies.map((reply) => reply.counts)
}

function sumCounts(all: readonly BlobCounts[]): BlobCounts {
  const sum = emptyBlobCounts()
  for (const counts of all) {
    sum.dataBlobsAdded += counts.dataBlobsAdded
    sum.dataBytesAdded += counts.dataBytesAdded
    sum.treeBlobsAdded += counts.treeBlobsAdded
    sum.treeBytesAdded += counts.treeBytesAdded
  }
  return sum
}

export function emptyBlobCounts(): BlobCounts {
  return { dataBlobsAdded: 0, dataBytesAdded: 0, treeBlobsAdded: 0, treeBytesAdded: 0 }
}
