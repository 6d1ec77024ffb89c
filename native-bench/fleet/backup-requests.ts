import { listingRequests } from './listing.ts'
import type { Requests } from './requests.ts'

/** How many objects of each kind a repository has. */
export interface RepositoryState {
  readonly snapshots: number
  readonly indexes: number
  readonly packs: number
  readonly journal: number
}

/** What others have added since a host looked last. */
export interface News {
  readonly snapshots: number
  readonly indexes: number
  /** Packs with pages of directories in them: each is asked for its part. */
  readonly treePacks: number
  readonly indexBytes: number
  readonly treeBytes: number
  readonly snapshotBytes: number
}

/** What one backup stores. */
export interface Stored {
  readonly packs: number
  readonly indexes: number
  readonly treePacks: number
  readonly bytes: number
}

/** What the program does, or would do if docs/SCALE.md had its way. */
export interface Design {
  /** Times that the lists of snapshots, index objects, journal and parity are asked for. */
  readonly catchUps: number
  /** Whether each backup lists all packs, for those of runs that were cut off and for those that are missing. */
  readonly listsPacks: boolean
  /** Whether the catalogue takes in the directories of other hosts' snapshots. */
  readonly takesOthersTrees: boolean
}

/** Catching up at the opening, and when the lock is taken. */
export const presentDesign: Design = { catchUps: 2, listsPacks: true, takesOthersTrees: true }

export interface BackupWork {
  readonly design?: Design
  readonly state: RepositoryState
  readonly news: News
  readonly stored: Stored
  /** Locks of others that stand when it takes its own. */
  readonly locks: number
  readonly minutes: number
  readonly snapshotBytes: number
}

/** `config`, the folder of keys, one key. */
const openingGets = 2
/** The own lock after it is written and after the snapshot is stored; the snapshot. Times come from listings of one name. */
const lookedAt = 3
/** A lock that was seen so long ago is asked for before the snapshot is stored, too. */
const seenLatelyMinutes = 1
const refreshMinutes = 5
const bytesPerListedName = 350
const lockBytes = 330

/**
 * What `holdfast snapshot` asks of a bucket. Each figure is one that was seen passing by on the way to a real store
 * (`fleet/real-run.ts` holds the sums against such a store); what it depends on is the number of objects and what others did.
 */
export function backupRequests(work: BackupWork): Requests {
  const { state, news, stored, locks, design = presentDesign } = work
  const { catchUps, listsPacks, takesOthersTrees } = design
  const refreshes = Math.floor(work.minutes / refreshMinutes)
  const listedLocks = locks + 1
  const caughtUp =
    listingRequests(state.snapshots) +
    listingRequests(state.indexes) +
    listingRequests(state.journal) +
    listingRequests(0)
  const lists =
    1 +
    catchUps * caughtUp +
    lookedAt +
    (work.minutes > seenLatelyMinutes ? 1 : 0) +
    2 * listingRequests(listedLocks) +
    1 +
    // The snapshots once more when the own one is stored, for another with its backup id.
    listingRequests(state.snapshots + 1) +
    (listsPacks ? listingRequests(state.packs) : 0) +
    news.snapshots +
    locks +
    2 * refreshes
  const listedNames =
    catchUps * (state.snapshots + state.indexes + state.journal) +
    (listsPacks ? state.packs : 0) +
    state.snapshots +
    2 * listedLocks
  return {
    gets:
      openingGets + news.indexes + (takesOthersTrees ? news.treePacks : 0) + news.snapshots + locks,
    puts: 2 + stored.packs + stored.indexes + refreshes,
    lists,
    deletes: 1 + refreshes,
    downBytes:
      news.indexBytes +
      (takesOthersTrees ? news.treeBytes : 0) +
      news.snapshotBytes +
      locks * lockBytes +
      listedNames * bytesPerListedName,
    upBytes: stored.bytes + work.snapshotBytes + lockBytes * (1 + refreshes),
  }
}
