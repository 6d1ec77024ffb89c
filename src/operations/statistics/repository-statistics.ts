import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { SnapshotId } from '../../model/ids.ts'
import type { BackupType } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { ownerTable, type OwnerTable } from './owner-table.ts'

export interface StatisticsOptions {
  /** Tells only of snapshots of this type; what is shared with others stays shared. */
  readonly type?: BackupType
}

export interface StatisticsTotals {
  readonly snapshots: number
  /** Sum of the files of all snapshots. */
  readonly sourceBytes: number
  /** Plaintext of the different blobs that snapshots need. */
  readonly uniqueBytes: number
  /** What these blobs take in the packs. */
  readonly neededBytes: number
  /** What blobs take that no snapshot needs: forgotten, cut off, twice. */
  readonly unusedBytes: number
  /** Length of all packs. */
  readonly storedBytes: number
  readonly blobs: number
  /** `sourceBytes` to `uniqueBytes`; null when there is nothing. */
  readonly dedupRatio: number | null
  /** `uniqueBytes` to `neededBytes`. */
  readonly compressionRatio: number | null
}

/** Stored bytes: `neededBytes` is the sum of the two others. */
export interface SpaceUse {
  readonly neededBytes: number
  /** Needed by nobody else: what goes when it goes. */
  readonly exclusiveBytes: number
  readonly sharedBytes: number
}

export interface SnapshotSpace extends SpaceUse {
  readonly id: SnapshotId
  readonly backupId: string
  readonly type: BackupType
  readonly startedAtMs: number
  readonly files: number
  readonly sourceBytes: number
}

export interface TypeSpace extends SpaceUse {
  readonly type: BackupType
  readonly snapshots: number
  readonly sourceBytes: number
}

export interface FolderSpace extends SpaceUse {
  /** From the root of the snapshots, without slashes at its ends; empty for files in the root itself, null for the many that are left. */
  readonly path: Buffer | null
  /** The files below it in the newest snapshot that has it. */
  readonly sourceBytes: number
}

export interface RepositoryStatistics {
  readonly totals: StatisticsTotals
  /** Newest first. */
  readonly bySnapshot: readonly SnapshotSpace[]
  readonly byType: readonly TypeSpace[]
  /** Over all snapshots, those that need most first. */
  readonly byFolder: readonly FolderSpace[]
  /** False when directories are lost, so that something that is needed may be missing here. */
  readonly isComplete: boolean
}

/** What was told of a table: of the same table it is the same. */
const told = new WeakMap<OwnerTable, Map<BackupType | undefined, RepositoryStatistics>>()

/** How the space of the repository is used. Computed once for each state of the repository, then known. */
export function repositoryStatistics(
  repository: Repository,
  { type }: StatisticsOptions = {},
): RepositoryStatistics {
  const table = ownerTable(repository)
  let ofTypes = told.get(table)
  if (!ofTypes) told.set(table, (ofTypes = new Map()))
  let statistics = ofTypes.get(type)
  if (!statistics) ofTypes.set(type, (statistics = tell(repository, table, type)))
  return statistics
}

function tell(
  repository: Repository,
  table: OwnerTable,
  type: BackupType | undefined,
): RepositoryStatistics {
  const summaries = new Map(repository.catalogue.snapshots.list().map((one) => [one.id, one]))
  const snapshots = table.snapshotIds.map((id) => summaries.get(id))
  const types = [...new Set(snapshots.flatMap((one) => (one ? [one.type] : [])))].sort()
  const isWanted = (one: SnapshotSummary | undefined): one is SnapshotSummary =>
    one !== undefined && (type === undefined || one.type === type)
  const single = usesOf(table, 0, table.snapshotIds.length)
  const folders = usesOf(table, table.snapshotIds.length, table.folders.length)
  return {
    totals: totalsOf(repository, table, snapshots.filter(isWanted)),
    bySnapshot: snapshots
      .flatMap((one, number) => (isWanted(one) ? [snapshotSpace(one, single[number])] : []))
      .reverse(),
    byType: types
      .filter((one) => type === undefined || one === type)
      .map((one) => typeSpace(table, snapshots, one)),
    byFolder: table.folders
      .map(({ path, bytes }, number) => ({ path, sourceBytes: bytes, ...folders[number] }))
      .sort((left, right) => right.neededBytes - left.neededBytes),
    isComplete: table.isComplete,
  }
}

/** The use of each of a range of owners; alone is who is the only one of the range. */
function usesOf({ owned }: OwnerTable, first: number, count: number): SpaceUse[] {
  const needed = new Float64Array(count)
  const exclusive = new Float64Array(count)
  for (const { owners, storedBytes } of owned) {
    let only = -1
    for (let number = 0; number < count; number++) {
      if (!hasBit(owners, first + number)) continue
      needed[number] += storedBytes
      only = only === -1 ? number : -2
    }
    if (only >= 0) exclusive[only] += storedBytes
  }
  return Array.from(needed, (bytes, number) => spaceUse(bytes, exclusive[number]))
}

function snapshotSpace(summary: SnapshotSummary, use: SpaceUse): SnapshotSpace {
  const { id, backupId, type, startedAtMs, statistics } = summary
  const { files, bytes } = statistics
  return { id, backupId, type, startedAtMs, files, sourceBytes: bytes, ...use }
}

function typeSpace(
  table: OwnerTable,
  snapshots: readonly (SnapshotSummary | undefined)[],
  type: BackupType,
): TypeSpace {
  const inside = maskOf(table, (number) => snapshots[number]?.type === type)
  const outside = maskOf(table, (number) => snapshots[number]?.type !== type)
  let needed = 0
  let exclusive = 0
  for (const { owners, storedBytes } of table.owned) {
    if (!meets(owners, inside)) continue
    needed += storedBytes
    if (!meets(owners, outside)) exclusive += storedBytes
  }
  const own = snapshots.filter((one) => one?.type === type)
  return {
    type,
    snapshots: own.length,
    sourceBytes: own.reduce((sum, one) => sum + (one?.statistics.bytes ?? 0), 0),
    ...spaceUse(needed, exclusive),
  }
}

function totalsOf(
  { catalogue }: Repository,
  table: OwnerTable,
  snapshots: readonly SnapshotSummary[],
): StatisticsTotals {
  const chosen = new Set(snapshots.map(({ id }) => id))
  const inside = maskOf(table, (number) => chosen.has(table.snapshotIds[number]))
  const all = maskOf(table, () => true)
  const sum = { unique: 0, needed: 0, unused: 0, blobs: 0 }
  for (const { owners, blobs, bytes, storedBytes } of table.owned) {
    if (!meets(owners, all)) sum.unused += storedBytes
    if (!meets(owners, inside)) continue
    sum.unique += bytes
    sum.needed += storedBytes
    sum.blobs += blobs
  }
  const sourceBytes = snapshots.reduce((total, { statistics }) => total + statistics.bytes, 0)
  return {
    snapshots: snapshots.length,
    sourceBytes,
    uniqueBytes: sum.unique,
    neededBytes: Math.round(sum.needed),
    unusedBytes: Math.round(sum.unused),
    storedBytes: catalogue.blobs.packs().reduce((total, { bytes }) => total + bytes, 0),
    blobs: sum.blobs,
    dedupRatio: ratio(sourceBytes, sum.unique),
    compressionRatio: ratio(sum.unique, sum.needed),
  }
}

function ratio(whole: number, part: number): number | null {
  return part === 0 ? null : whole / part
}

function spaceUse(needed: number, exclusive: number): SpaceUse {
  const neededBytes = Math.round(needed)
  const exclusiveBytes = Math.round(exclusive)
  return { neededBytes, exclusiveBytes, sharedBytes: neededBytes - exclusiveBytes }
}

function hasBit(bits: Uint32Array, number: number): boolean {
  return (bits[number >>> 5] & (1 << (number & 31))) !== 0
}

/** Bits of the snapshots that are chosen. */
export function maskOf(
  { snapshotIds, folders }: OwnerTable,
  isChosen: (number: number) => boolean,
): Uint32Array {
  const mask = new Uint32Array((snapshotIds.length + folders.length + 31) >>> 5)
  for (let number = 0; number < snapshotIds.length; number++) {
    if (isChosen(number)) mask[number >>> 5] |= 1 << (number & 31)
  }
  return mask
}

export function meets(owners: Uint32Array, mask: Uint32Array): boolean {
  return owners.some((word, index) => (word & mask[index]) !== 0)
}
