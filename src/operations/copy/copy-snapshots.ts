import { programName } from '../../foundation/program.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { catchUp } from '../../repository/catch-up.ts'
import { commitSnapshot } from '../../repository/commit-snapshot.ts'
import { refillReserve } from '../../repository/disk-reserve.ts'
import { isLate } from '../../repository/is-late.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { originKey, originOf } from '../../repository/origin-of.ts'
import { followWithParity } from '../../repository/parity/run-parity-update.ts'
import { refuseSameRepository } from '../../repository/refuse-same-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { underLease } from '../../repository/under-lease.ts'
import { chooseCounterpart, knownEntriesOf, type Counterpart } from './choose-counterpart.ts'
import type { CopiedSnapshot, CopyOptions, CopyResult } from './copy-options.ts'
import { copyTree, type CopiedTree } from './copy-tree.ts'
import { findCopy, snapshotsByOrigin } from './find-copy.ts'
import { isNewer } from './is-newer.ts'
import { missedSnapshots } from './missed-snapshots.ts'

/**
 * Copies snapshots from one repository to another, oldest first. Each is durable when the next one begins, and what was cut off is gone on
 * with by copying again. The source is only read.
 *
 * A snapshot of which anything is lost in the source is not copied, and told with all that is lost; the others are.
 *
 * @throws {HoldfastError} `USAGE` when both are the same repository
 * @throws {RepositoryError} on any fault of the target, or of the source's storage as a whole
 */
export async function copySnapshots(
  target: Repository,
  source: Repository,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const startedAtMs = Date.now()
  refuseSameRepository(target, source)
  options.signal?.throwIfAborted()
  const both = { target, source }
  // Either may have been open for long.
  for (const repository of [target, source]) repository.noteUnusable(await catchUp(repository))
  const planned = await copyAll(both, options, null)
  // Where all is there already, as after most backups with `--also-to` in one of the two directions, nobody needs a lock.
  const isIdle = planned.every(({ outcome }) => outcome !== 'copied')
  if (options.dryRun === true || isIdle) {
    return { snapshots: planned, durationMs: Date.now() - startedAtMs }
  }
  const copied = await underLease(
    source,
    'shared',
    'copy from',
    (reading) =>
      underLease(target, 'shared', 'copy to', (writing) =>
        copyAll(both, options, { reading, writing }),
      ),
    { mayOnlyRead: true },
  )
  if (copied.some(({ outcome, saved }) => outcome === 'copied' && saved !== null)) {
    await followWithParity(target, options)
    await refillReserve(target.storage)
  }
  return { snapshots: copied, durationMs: Date.now() - startedAtMs }
}

interface Both {
  readonly target: Repository
  readonly source: Repository
}

/** Of the source and of the target. */
interface Leases {
  readonly reading: Lease
  readonly writing: Lease
}

/** @param leases null to see what there is to do */
async function copyAll(
  both: Both,
  options: CopyOptions,
  leases: Leases | null,
): Promise<CopiedSnapshot[]> {
  const { target, source } = both
  const copied: CopiedSnapshot[] = []
  const present = snapshotsByOrigin(target)
  for (const snapshot of chooseSnapshots(both, options)) {
    options.signal?.throwIfAborted()
    const known = present.get(originKey(originOf(source, snapshot)))
    if (known !== undefined) {
      const saved = target.catalogue.snapshots.get(known) ?? null
      copied.push(tellOf(snapshot, { outcome: 'present', saved }))
    } else if (options.newerOnly === true && !isNewer(target, snapshot)) {
      copied.push(tellOf(snapshot, { outcome: 'passed over' }))
    } else if (leases === null) copied.push(tellOf(snapshot, { outcome: 'copied' }))
    else copied.push(await copyOne(both, leases, snapshot, options))
  }
  return copied
}

function chooseSnapshots({ target, source }: Both, options: CopyOptions): Snapshot[] {
  const { snapshots, missedBeside, isSelected = () => true } = options
  const chosen =
    snapshots ??
    (missedBeside
      ? missedSnapshots(target, source, missedBeside)
      : source.catalogue.snapshots
          .list()
          .filter((summary) => !isLate(summary) && isSelected(summary)))
  return (
    chosen
      // Blobs of a snapshot that is gone may be gone as well.
      .map(({ id }) => resolveSnapshot(source, id))
      .toSorted((left, right) => left.startedAtMs - right.startedAtMs)
  )
}

async function copyOne(
  { target, source }: Both,
  { reading, writing }: Leases,
  snapshot: Snapshot,
  { readAll, signal, onEvent }: CopyOptions,
): Promise<CopiedSnapshot> {
  const counterpart = readAll === true ? null : chooseCounterpart(source, target, snapshot)
  const tree = await copyTree({ source, target }, writing, {
    snapshot,
    parent: counterpart?.target ?? null,
    known: (trustsParent) => knownEntriesOf(source, target, trustsParent ? counterpart : null),
    phase: 'copying',
    signal,
    onEvent,
  })
  const { counts, lost } = tree
  const read = { filesRead: counts.filesRead, bytesRead: counts.bytesRead }
  const facts = { ...read, storedBytesAdded: tree.packBytes, lostCount: counts.lost, lost }
  if (counts.lost > 0) {
    // A reader that slept past its lease must not call damaged what a prune has taken away.
    await reading.lock.assertLossIsReal()
    return tellOf(snapshot, { ...facts, outcome: 'damaged' })
  }
  const original = originOf(source, snapshot)
  // Another copy may have come first meanwhile.
  target.noteUnusable(await catchUp(target))
  const other = findCopy(target, original)
  if (other !== undefined) {
    const saved = target.catalogue.snapshots.get(other) ?? null
    return tellOf(snapshot, { ...facts, outcome: 'present', saved })
  }
  const manifest = { ...manifestOf(snapshot, tree, counterpart), original }
  const saved = await commitSnapshot(target, manifest, writing.lock)
  return tellOf(snapshot, { ...facts, outcome: 'copied', saved })
}

/** All that the snapshot says, except for what is the target's. */
function manifestOf(
  snapshot: Snapshot,
  { root, blobCounts, packBytes, losses }: CopiedTree,
  counterpart: Counterpart | null,
): Parameters<typeof commitSnapshot>[1] {
  const { id: _id, leaseId: _leaseId, ...kept } = snapshot
  return {
    ...kept,
    tree: { id: root.id.toString('hex'), bytes: root.bytes },
    parentId: parentIdOf(snapshot, counterpart),
    knownDamage: losses.recordIds,
    statistics: { ...snapshot.statistics, ...blobCounts, storedBytesAdded: packBytes },
    program: programName,
  }
}

/** A parent is earlier (docs/decisions/0011), which what a copy is compared with need not be. */
function parentIdOf(snapshot: Snapshot, counterpart: Counterpart | null): string | null {
  const target = counterpart?.target
  return target && target.endedAtMs <= snapshot.startedAtMs ? target.id : null
}

function tellOf(
  snapshot: Snapshot,
  told: Pick<CopiedSnapshot, 'outcome'> & Partial<CopiedSnapshot>,
): CopiedSnapshot {
  const { id, backupId, startedAtMs, hostname, paths, statistics } = snapshot
  return {
    sourceId: id,
    backupId,
    startedAtMs,
    hostname,
    paths,
    statistics,
    saved: null,
    filesRead: 0,
    bytesRead: 0,
    storedBytesAdded: 0,
    lostCount: 0,
    lost: [],
    ...told,
  }
}
