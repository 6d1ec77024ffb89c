import { encodePathText } from '../../format/manifest/path-text.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import type { StoredDirectory } from '../../format/tree/directory-writer.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import { programName } from '../../foundation/program.ts'
import { toObjectId, type PackId, type SnapshotId } from '../../model/ids.ts'
import type { Snapshot, SnapshotStatistics } from '../../model/snapshot.ts'
import { assessLosses } from '../../repository/audit/assess-losses.ts'
import { findLosses } from '../../repository/audit/find-losses.ts'
import { verifySmallObjects } from '../../repository/audit/small-objects.ts'
import { StorageFaults, type UnreadObject } from '../../repository/audit/storage-faults.ts'
import { BlobClaims } from '../../repository/blob-claims.ts'
import { openBlobSession } from '../../repository/blob-session.ts'
import { commitSnapshot } from '../../repository/commit-snapshot.ts'
import { IndexWriter } from '../../repository/index-writer.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { moveToForgotten } from '../../repository/move-to-forgotten.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf, walkTree } from '../../repository/tree-walk.ts'
import { underLease } from '../../repository/under-lease.ts'
import { findLostPaths, type LostPath, type LostPaths } from './find-lost-paths.ts'
import { rebuildTree } from './rebuild-tree.ts'

export interface RepairSnapshotsOptions {
  /** Without them, every one. */
  readonly snapshots?: readonly Snapshot[]
  /** Without it nothing is changed. */
  readonly apply?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

/** A snapshot that cannot be restored whole. */
export interface SnapshotRepair {
  readonly snapshotId: string
  /** Null when its object cannot be read and the catalogue does not know it. */
  readonly backupId: string | null
  /** Its object itself is not what was written. */
  readonly isObjectDamaged: boolean
  readonly lostFiles: number
  /** Directories of which pages are lost. */
  readonly lostDirectories: number
  /** The first 10,000. */
  readonly lost: readonly LostPath[]
  /** The snapshot that stands for it now; null on a dry run, and when nothing of it can be read. */
  readonly replacement: Snapshot | null
}

export interface RepairSnapshotsResult {
  readonly isApplied: boolean
  /** That were looked at. */
  readonly snapshots: number
  readonly repairs: readonly SnapshotRepair[]
  readonly unread: readonly UnreadObject[]
  readonly durationMs: number
}

const lostToldMax = 10_000
const unreadableListMax = 1_000
/** Tree pages of the directories on the way to what is lost. */
const claimSlots = 2 ** 12
/** What marks a snapshot that stands for another one. */
const repairedTag = 'repaired'

/**
 * Replaces snapshots of which something is lost by ones without it: lost files are left out, of directories with lost pages stays what can be
 * read, and everything else is as it was. The old ones go to the forgotten ones, from where they can be brought back. Dry unless `apply`
 * is given, then under an exclusive lock.
 *
 * What is lost is what is missing or on record: run a check that reads everything first. A backup made before may still bring data back.
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or when the storage as a whole fails
 */
export async function repairSnapshots(
  repository: Repository,
  options: RepairSnapshotsOptions = {},
): Promise<RepairSnapshotsResult> {
  const isApplied = options.apply === true
  return await underLease(
    repository,
    isApplied ? 'exclusive' : 'shared',
    'repair snapshots',
    (lease) => new SnapshotRepairRun(repository, options, lease).run(),
    { mayOnlyRead: !isApplied },
  )
}

class SnapshotRepairRun {
  readonly #repository: Repository
  readonly #options: RepairSnapshotsOptions
  readonly #lease: Lease
  readonly #faults: StorageFaults
  readonly #startedAtMs = Date.now()

  constructor(repository: Repository, options: RepairSnapshotsOptions, lease: Lease) {
    this.#repository = repository
    this.#options = options
    this.#lease = lease
    this.#faults = new StorageFaults(repository)
  }

  async run(): Promise<RepairSnapshotsResult> {
    const repository = this.#repository
    await repository.forgetTrees()
    const findings = await assessLosses(repository, {
      faults: this.#faults,
      signal: this.#options.signal,
    })
    const damagedObjects = await this.#damagedObjects()
    const snapshots = this.#options.snapshots ?? everySnapshot(repository)
    const repairs: SnapshotRepair[] = []
    for (const [done, snapshot] of snapshots.entries()) {
      this.#options.signal?.throwIfAborted()
      this.#tellProgress(done, snapshots.length, repairs.length)
      const lost = findLostPaths(repository, snapshot, findings)
      const isObjectDamaged = damagedObjects.delete(snapshot.id)
      if (lost.paths.length > 0 || isObjectDamaged) {
        repairs.push(await this.#repair(snapshot, lost, isObjectDamaged))
      }
    }
    // Of these nothing but the name is known.
    for (const id of this.#options.snapshots ? [] : damagedObjects) {
      if (this.#options.apply) await moveToForgotten(repository, [id], this.#lease.lock)
      repairs.push({ ...nothingLost, snapshotId: id, backupId: null, isObjectDamaged: true })
    }
    return {
      isApplied: this.#options.apply === true,
      snapshots: snapshots.length,
      repairs,
      unread: this.#faults.unread,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }

  async #damagedObjects(): Promise<Set<SnapshotId>> {
    const names = await this.#repository.storage.listNames('snapshots')
    const damages = await verifySmallObjects(this.#repository, {
      names,
      onFault: (name, error) => this.#faults.note(name, error),
    })
    const ids = damages.map(({ objectId = '' }) => objectId.slice('snapshots/'.length))
    return new Set(ids.map(toObjectId))
  }

  async #repair(
    snapshot: Snapshot,
    lost: LostPaths,
    isObjectDamaged: boolean,
  ): Promise<SnapshotRepair> {
    const isFile = ({ kind }: LostPath): boolean => kind === 'file'
    const lostFiles = lost.paths.filter(isFile).length
    const replacement = this.#options.apply ? await this.#replace(snapshot, lost) : null
    return {
      snapshotId: snapshot.id,
      backupId: snapshot.backupId,
      isObjectDamaged,
      lostFiles,
      lostDirectories: lost.paths.length - lostFiles,
      lost: lost.paths.slice(0, lostToldMax),
      replacement,
    }
  }

  /** The new one is durable before the old one moves. */
  async #replace(snapshot: Snapshot, lost: LostPaths): Promise<Snapshot | null> {
    const repository = this.#repository
    // A run that was cut off between the two has left it.
    const made = everySnapshot(repository).find(({ repairedFrom }) => repairedFrom === snapshot.id)
    const replacement = made ?? (lost.isAllLost ? null : await this.#make(snapshot, lost))
    await moveToForgotten(repository, [snapshot.id], this.#lease.lock)
    return replacement
  }

  async #make(snapshot: Snapshot, lost: LostPaths): Promise<Snapshot> {
    const repository = this.#repository
    const losses = await findLosses(repository, await this.#missingPacks())
    const index = new IndexWriter(repository)
    const session = openBlobSession(repository.context, {
      claims: BlobClaims.allocate(claimSlots),
      hasBlobs: true,
      avoidedPacks: losses.packs,
      avoidedSegments: losses.segments,
      onPack: (pack) => index.add(pack),
    })
    let root: StoredDirectory
    try {
      root = rebuildTree(repository, snapshot, lost, (bytes) => session.store.storeTree(bytes))
      await session.packs.finish()
    } catch (error) {
      await session.packs.discard()
      await index.settle()
      throw error
    } finally {
      await session.close()
    }
    await index.flush()
    // Without a part of it it is no copy of anything any more: a whole one can be copied again.
    const { id, backupId: _backupId, leaseId: _leaseId, original: _original, ...kept } = snapshot
    const tree = { id: root.id.toString('hex'), bytes: root.bytes }
    return await commitSnapshot(
      repository,
      {
        ...kept,
        tree,
        repairedFrom: id,
        knownDamage: losses.recordIds,
        tags: [...new Set([...snapshot.tags, repairedTag])],
        description: [snapshot.description, describe(lost)].filter(Boolean).join('; '),
        statistics: this.#statistics(snapshot, tree, {
          ...session.store.counts,
          storedBytesAdded: index.packBytes,
          unreadable: snapshot.statistics.unreadable + lost.paths.length,
        }),
        unreadable: [...snapshot.unreadable, ...lost.paths.map(toUnreadable)].slice(
          0,
          unreadableListMax,
        ),
        program: programName,
      },
      this.#lease.lock,
    )
  }

  async #missingPacks(): Promise<PackId[]> {
    const stored = new Set(await this.#repository.storage.listNames('packs'))
    const packs = this.#repository.catalogue.blobs.packs().map(({ id }) => id)
    return packs.filter((id) => !stored.has(`packs/${id}`))
  }

  #statistics(
    snapshot: Snapshot,
    tree: Snapshot['tree'],
    added: Partial<SnapshotStatistics>,
  ): SnapshotStatistics {
    let [files, directories, others, bytes] = [0, 1, 0, 0]
    const top = { id: Buffer.from(tree.id, 'hex'), bytes: tree.bytes }
    for (const { page } of walkTree(this.#repository, top, entryCountOf(snapshot))) {
      for (let index = 0; index < page.entryCount; index++) {
        const mode = page.mode(index)
        if (isRegular(mode)) {
          files += 1
          bytes += page.sizeOf(index)
        } else if (isDirectory(mode)) directories += 1
        else others += 1
      }
    }
    const before = snapshot.statistics
    return {
      ...before,
      ...added,
      files,
      // Whether the root counts is up to who made it; never more than there were.
      directories: Math.min(directories, before.directories),
      others,
      bytes,
      newFiles: 0,
      changedFiles: 0,
      unchangedFiles: files,
    }
  }

  #tellProgress(filesDone: number, filesTotal: number, errors: number): void {
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'walking trees',
      filesDone,
      filesTotal,
      bytesDone: 0,
      errors,
    })
  }
}

const nothingLost = { lostFiles: 0, lostDirectories: 0, lost: [], replacement: null }

function everySnapshot({ catalogue }: Repository): Snapshot[] {
  return catalogue.snapshots
    .list()
    .map(({ id }) => catalogue.snapshots.get(id))
    .filter((snapshot) => snapshot !== undefined)
}

function describe({ paths }: LostPaths): string {
  if (paths.length === 0) return ''
  return `repaired: ${paths.length} lost ${paths.length === 1 ? 'path' : 'paths'} left out`
}

function toUnreadable({ path, kind, entries }: LostPath): Snapshot['unreadable'][number] {
  const message =
    kind === 'file'
      ? 'lost by damage of the repository'
      : `${entries ?? 'an unknown number of'} entries lost by damage of the repository`
  return { path: encodePathText(path), message }
}
