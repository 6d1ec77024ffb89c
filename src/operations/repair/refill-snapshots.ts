import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { OnEvent } from '../../foundation/progress-event.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { PackFindings } from '../../repository/audit/pack-findings.ts'
import { rootOf } from '../../repository/find-entry.ts'
import { isLate } from '../../repository/is-late.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import { originKey, originOf } from '../../repository/origin-of.ts'
import type { Repository } from '../../repository/repository.ts'
import { copyTree } from '../copy/copy-tree.ts'
import { findLostPaths, type LostPath, type LostPaths } from './find-lost-paths.ts'
import { IntactEntries } from './intact-entries.ts'

/** A snapshot of which something was lost, and what has come back from another repository. */
export interface SnapshotRefill {
  readonly snapshotId: string
  readonly backupId: string
  /** Of the other repository: what was read; its copy comes first. Those that could be read on a dry run. */
  readonly sourceIds: readonly string[]
  /** Files and parts of directories that were lost. */
  readonly lostBefore: number
  /** What is still lost; on a dry run everything. The first 10,000. */
  readonly lost: readonly LostPath[]
}

export interface RefillOptions {
  /** Null on a dry run. */
  readonly lease: Lease | null
  readonly findings: PackFindings
  readonly signal: AbortSignal | undefined
  readonly onEvent: OnEvent | undefined
}

const lostToldMax = 10_000
/** Backups of the same folder that are tried where there is no copy, those nearest in time first. */
const relativesMax = 3

/**
 * Brings back what snapshots have lost, from snapshots of another repository: their copies, else backups of the same files. Only what is lost is read
 * there; it is cut and stored like the first time, so that it has the same ids. Nothing is committed: the damaged snapshots are whole again.
 *
 * What comes back serves every snapshot that has it, so the newest are looked at first and most others need nothing.
 */
export async function refillSnapshots(
  repository: Repository,
  source: Repository,
  options: RefillOptions,
): Promise<SnapshotRefill[]> {
  const { snapshots } = repository.catalogue
  const refills: SnapshotRefill[] = []
  const watched = { ...options, onEvent: withoutEcho(options.onEvent) }
  for (const summary of snapshots.list().toReversed()) {
    options.signal?.throwIfAborted()
    const snapshot = isLate(summary) ? undefined : snapshots.get(summary.id)
    if (snapshot) {
      const refill = await refillSnapshot(repository, source, snapshot, watched)
      if (refill) refills.push(refill)
    }
  }
  return refills
}

async function refillSnapshot(
  repository: Repository,
  source: Repository,
  snapshot: Snapshot,
  { lease, findings, signal, onEvent }: RefillOptions,
): Promise<SnapshotRefill | undefined> {
  const before = findLostPaths(repository, snapshot, findings)
  if (before.paths.length === 0) return undefined
  const sourceIds: string[] = []
  let lost = before
  for (const candidate of candidatesFor(repository, source, snapshot)) {
    sourceIds.push(candidate.id)
    if (!lease) continue
    await bringBack({ repository, source }, lease, { snapshot, candidate, lost, signal, onEvent })
    await repository.forgetTrees()
    lost = findLostPaths(repository, snapshot, findings)
    if (lost.paths.length === 0) break
  }
  return {
    snapshotId: snapshot.id,
    backupId: snapshot.backupId,
    sourceIds,
    lostBefore: before.paths.length,
    lost: lost.paths.slice(0, lostToldMax),
  }
}

async function bringBack(
  { repository, source }: { readonly repository: Repository; readonly source: Repository },
  lease: Lease,
  work: {
    readonly snapshot: Snapshot
    readonly candidate: Snapshot
    readonly lost: LostPaths
    readonly signal: AbortSignal | undefined
    readonly onEvent: OnEvent | undefined
  },
): Promise<void> {
  const { snapshot, candidate, lost, signal, onEvent } = work
  await copyTree({ source, target: repository }, lease, {
    snapshot: candidate,
    parent: null,
    known: () => new IntactEntries(repository, rootOf(snapshot), lost),
    phase: 'bringing back',
    signal,
    onEvent,
  })
}

/** What is lost there, too, is no news of this repository, for what stays lost is in the result; and each notice is told once. */
function withoutEcho(onEvent: OnEvent | undefined): OnEvent {
  const told = new Set<string>()
  return (event) => {
    if (event.type === 'damage') return
    if (event.type === 'notice') {
      if (told.has(event.message)) return
      told.add(event.message)
    }
    onEvent?.(event)
  }
}

/** Its copy, then backups of the same files. */
function candidatesFor(
  repository: Repository,
  source: Repository,
  snapshot: Snapshot,
): readonly Snapshot[] {
  const key = originKey(originOf(repository, snapshot))
  const { hostname, base, startedAtMs } = snapshot
  const relatives = source.catalogue.snapshots
    .list({ hostname, base })
    .filter((summary) => !isLate(summary))
  const isCopy = (summary: SnapshotSummary): boolean => originKey(originOf(source, summary)) === key
  const distance = (summary: SnapshotSummary): number => Math.abs(summary.startedAtMs - startedAtMs)
  const others = relatives
    .filter((summary) => !isCopy(summary))
    .toSorted((left, right) => distance(left) - distance(right))
    .slice(0, relativesMax)
  return [...relatives.filter(isCopy), ...others]
    .map(({ id }) => source.catalogue.snapshots.get(id))
    .filter((candidate) => candidate !== undefined)
}
