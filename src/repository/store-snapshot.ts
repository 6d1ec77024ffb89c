import type { StoredDirectory } from '../format/tree/directory-writer.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { adoptPacks } from './adopt-packs.ts'
import { findLosses, type Losses } from './audit/find-losses.ts'
import { BlobClaims } from './blob-claims.ts'
import { openBlobSession, type BlobSession, type BlobSessionOptions } from './blob-session.ts'
import type { BlobCounts } from './blob-store.ts'
import { condemnedRows } from './condemned-packs.ts'
import { commitSnapshot, type RecordedSnapshot } from './commit-snapshot.ts'
import { IndexWriter } from './index-writer.ts'
import type { Lease } from './lock-repository.ts'
import { knowsLosses, mayTrustParent } from './may-trust-parent.ts'
import type { WrittenPack } from './pack-writer.ts'
import type { Repository } from './repository.ts'

/** What the threads of a run share: what blobs are known, claimed, or not to be relied on. */
export type StoringSetup = Omit<BlobSessionOptions, 'onPack'>

/** The threads that store contents. */
export interface StoringPool {
  /** Writes out every open segment and pack. @returns what each thread has stored */
  finish(): Promise<readonly BlobCounts[]>
  /** The run is given up: removes unfinished files. */
  discard(): Promise<unknown>
  close(): Promise<void>
  terminate(): Promise<void>
}

/** For a source that the calling thread stores alone. */
export const withoutThreads: StoringPool = {
  finish: () => Promise.resolve([]),
  discard: () => Promise.resolve(),
  close: () => Promise.resolve(),
  terminate: () => Promise.resolve(),
}

/** What there is to store blobs with, and what may be taken from the parent. */
export interface StoringBase<Pool extends StoringPool> {
  readonly parent: Snapshot | null
  /** False when data that the parent refers to may be lost or about to go: then nothing is taken from it unread. */
  readonly trustsParent: boolean
  readonly session: BlobSession
  readonly pool: Pool
}

/** What has been stored, before the snapshot exists. */
export interface StoredSource {
  readonly parent: Snapshot | null
  readonly root: StoredDirectory
  readonly blobCounts: BlobCounts
  /** Length of the new packs, in bytes. */
  readonly packBytes: number
}

/** What differs between what is stored: files, a stream, another repository. */
export interface SourceStoring<Pool extends StoringPool> {
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnEvent | undefined
  chooseParent(): Snapshot | null
  /** @param onPack to be told of every pack that a thread has finished */
  openPool(setup: StoringSetup, base: { session: BlobSession; onPack: OnPack }): Pool
  store(base: StoringBase<Pool>): Promise<StoredDirectory>
}

export type OnPack = (pack: WrittenPack) => void

/** 2^19 slots, 10 MiB: covers the new blobs of about ten gigabytes between two index objects. */
const claimSlots = 2 ** 19

/**
 * From the lease to durable packs that index objects name: everything about a backup that is not about what is saved, but for the commit.
 *
 * @throws {RepositoryError} on any fault of the repository; what was stored already is used again by the next run
 */
export async function storeSource<Pool extends StoringPool>(
  repository: Repository,
  lease: Lease,
  storing: SourceStoring<Pool>,
): Promise<StoredSource & { readonly losses: Losses }> {
  const { condemned } = lease
  const { missing } = await adoptPacks(repository, lease, storing.onEvent)
  const losses = await findLosses(repository, missing)
  const parent = storing.chooseParent()
  const trustsParent = parent === null || mayTrustParent(parent, condemned, losses)
  if (parent !== null && !knowsLosses(parent, losses)) {
    storing.onEvent?.({
      type: 'notice',
      message:
        'data was lost since the last backup: every file is read once, and what is lost and still there is stored again',
    })
  }
  const index = new IndexWriter(repository)
  const setup: StoringSetup = {
    claims: BlobClaims.allocate(claimSlots),
    hasBlobs: !repository.catalogue.blobs.isEmpty(),
    avoidedPacks: [...losses.packs, ...condemnedRows(repository, condemned)],
    avoidedSegments: losses.segments,
  }
  const onPack: OnPack = (pack) => index.add(pack)
  const session = openBlobSession(repository.context, { ...setup, onPack })
  const pool = storing.openPool(setup, { session, onPack })
  try {
    const root = await storing.store({ parent, trustsParent, session, pool })
    const workerCounts = await finishPacks(session, pool)
    // The workers' memory goes before the catalogue takes in what they wrote, and nothing of them can fail after the commit.
    await pool.close()
    await index.flush()
    storing.signal?.throwIfAborted()
    const blobCounts = sumCounts([session.store.counts, ...workerCounts])
    return { parent, root, blobCounts, packBytes: index.packBytes, losses }
  } catch (error) {
    await session.packs.discard()
    await pool.discard().catch(() => undefined)
    await pool.terminate()
    await index.settle()
    throw error
  } finally {
    await session.close()
  }
}

/**
 * Stores a source and commits the snapshot of it.
 *
 * @throws {RepositoryError} on any fault of the repository; then there is no snapshot
 */
export async function storeSnapshot<Pool extends StoringPool>(
  repository: Repository,
  lease: Lease,
  storing: SourceStoring<Pool> & {
    manifest(stored: StoredSource): Omit<RecordedSnapshot, 'knownDamage'>
  },
): Promise<StoredSource & { readonly saved: Snapshot }> {
  const { losses, ...stored } = await storeSource(repository, lease, storing)
  const manifest = { ...storing.manifest(stored), knownDamage: losses.recordIds }
  const saved = await commitSnapshot(repository, manifest, lease.lock)
  return { ...stored, saved }
}

/** Writes out every open segment and pack, the main thread's and the workers'. */
async function finishPacks(
  session: BlobSession,
  pool: StoringPool,
): Promise<readonly BlobCounts[]> {
  // Both are waited for together: a full disk fails them all, and no failure must go unheard.
  const [counts] = await Promise.all([pool.finish(), session.packs.finish()])
  return counts
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
