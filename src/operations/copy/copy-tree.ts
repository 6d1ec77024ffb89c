import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { rootOf } from '../../repository/find-entry.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { Losses } from '../../repository/audit/find-losses.ts'
import type { Repository } from '../../repository/repository.ts'
import { storeSource, type StoredSource } from '../../repository/store-snapshot.ts'
import { entryCountOf } from '../../repository/tree-walk.ts'
import { CopyProgress, type CopyCounts } from './copy-counts.ts'
import type { LostSource } from './copy-options.ts'
import { openCopyPool, type CopyPool } from './copy-pool.ts'
import type { KnownEntries } from './known-entries.ts'
import { TreeCopier } from './tree-copier.ts'

const lostListMax = 1_000

/** What a copy is made of: a snapshot of the source, and what of it may be taken unread. */
export interface TreeCopy {
  readonly snapshot: Snapshot
  /** Of the target: what is taken comes from there. */
  readonly parent: Snapshot | null
  /** @param trustsParent false when what the parent refers to may be lost or about to go */
  known(trustsParent: boolean): KnownEntries
  readonly phase: string
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnEvent | undefined
}

/** A tree that is in the target's packs, durable and named. When anything is lost in the source, it is of no use. */
export interface CopiedTree extends StoredSource {
  readonly losses: Losses
  readonly counts: CopyCounts
  readonly lost: readonly LostSource[]
}

/**
 * Brings the tree of a snapshot and all that it refers to into another repository; the snapshot itself is the caller's to commit.
 *
 * @throws {RepositoryError} on any fault of the target, or of the source's storage as a whole
 */
export async function copyTree(
  { source, target }: { readonly source: Repository; readonly target: Repository },
  lease: Lease,
  { snapshot, parent, known, phase, signal, onEvent }: TreeCopy,
): Promise<CopiedTree> {
  const progress = new CopyProgress(onEvent, phase, snapshot.statistics)
  const lost: LostSource[] = []
  const stored = await storeSource<CopyPool>(target, lease, {
    signal,
    onEvent,
    chooseParent: () => parent,
    openPool: (setup, own) =>
      openCopyPool({ source, target }, setup, own, {
        onBytes: (bytes) => progress.goAhead(bytes),
        signal,
      }),
    store({ session, pool, trustsParent }) {
      const copier = new TreeCopier(source, entryCountOf(snapshot), {
        output: {
          storeTree: (bytes) => session.store.storeTree(bytes),
          copyBatch: async (batch, isOnly) => {
            const copied = await pool.copy(batch, isOnly)
            await session.packs.settle()
            return copied
          },
          room: () => pool.room(),
        },
        progress,
        onLost: (path, message) => {
          if (lost.length < lostListMax) lost.push({ path, message })
          onEvent?.({ type: 'damage', path, message })
        },
      })
      return copier.copy(rootOf(snapshot), known(trustsParent), signal)
    },
  })
  progress.finish()
  return { ...stored, counts: progress.counts, lost }
}
