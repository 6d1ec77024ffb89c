import {
  backupRequests,
  type Design,
  type News,
  type RepositoryState,
  type Stored,
} from './backup-requests.ts'
import { pruneRequests } from './prune-requests.ts'
import { addRequests, noRequests, type Requests } from './requests.ts'

/** One run of `holdfast snapshot`. */
export interface BackupRun {
  readonly host: number
  /** Minutes since the beginning. */
  readonly at: number
  readonly minutes: number
  readonly stored: StoredByRun
}

export interface StoredByRun extends Stored {
  /** Of `stored.packs`, those of less than 4 MiB, which a prune merges. */
  readonly smallPacks: number
  /** Length of the index objects. */
  readonly indexBytes: number
  /** Pages of directories, as they are stored. */
  readonly treeBytes: number
}

export const storedNothing: StoredByRun = {
  packs: 0,
  smallPacks: 0,
  indexes: 0,
  treePacks: 0,
  bytes: 0,
  indexBytes: 0,
  treeBytes: 0,
}

export interface PruneRun {
  readonly at: number
  /** Part of all packs that go because nothing or little in them is needed any more. */
  readonly deadPackRatio: number
  /** Snapshots that were forgotten since the last one. */
  readonly forgotten: number
}

export interface Fleet {
  readonly design?: Design
  readonly hosts: number
  /** In the order of time. */
  readonly backups: readonly BackupRun[]
  readonly prunes: readonly PruneRun[]
  readonly start: StartState
  readonly snapshotBytes: number
}

export interface StartState extends RepositoryState {
  readonly indexBytes: number
  readonly packBytes: number
}

export interface FleetResult {
  /** By run, in the order of `backups`. */
  readonly backups: readonly Requests[]
  readonly prunes: readonly Requests[]
  readonly total: Requests
  readonly end: RepositoryState
  readonly storedBytes: number
  /** Most locks of others that a run met. */
  readonly locksMax: number
}

/** What has come since the beginning, or since a moment. */
interface Added {
  snapshots: number
  indexes: number
  treePacks: number
  indexBytes: number
  treeBytes: number
}

/**
 * Plays the runs of a fleet on one repository in the order of time, and counts what they ask of the store. Nothing is random: what a run
 * costs follows from how many objects there are, and from what came since its host looked last.
 *
 * A run sees what others have finished by the time at which it begins; its own objects are there when it ends.
 */
export function simulateFleet(fleet: Fleet): FleetResult {
  const play = new Play(fleet)
  const backups: Requests[] = []
  const prunes: Requests[] = []
  let nextPrune = 0
  for (const run of fleet.backups) {
    for (; (fleet.prunes[nextPrune]?.at ?? Infinity) <= run.at; nextPrune++) {
      prunes.push(play.prune(fleet.prunes[nextPrune]))
    }
    backups.push(play.backUp(run))
  }
  for (const prune of fleet.prunes.slice(nextPrune)) prunes.push(play.prune(prune))
  return {
    backups,
    prunes,
    total: [...backups, ...prunes].reduce(addRequests, noRequests),
    ...play.end(),
  }
}

class Play {
  readonly #fleet: Fleet
  #state: RepositoryState
  #storedBytes: number
  #indexBytes: number
  #added: Added = { snapshots: 0, indexes: 0, treePacks: 0, indexBytes: 0, treeBytes: 0 }
  /** What had been added when the host looked last. */
  readonly #seen: Added[]
  /** At which prune the host looked last. */
  readonly #seenPrune: number[]
  #pruneCount = 0
  /** What a prune wrote anew, and everybody takes in again; and what had been added by then. */
  #rewritten = { indexes: 0, indexBytes: 0, at: this.#added }
  #sinceLastPrune = { packs: 0, smallPacks: 0, smallBytes: 0, indexes: 0, indexBytes: 0 }
  readonly #working: BackupRun[] = []
  #locksMax = 0

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#state = fleet.start
    this.#storedBytes = fleet.start.packBytes + fleet.start.indexBytes
    this.#indexBytes = fleet.start.indexBytes
    this.#seen = Array.from({ length: fleet.hosts }, () => this.#added)
    this.#seenPrune = Array.from({ length: fleet.hosts }, () => 0)
  }

  backUp(run: BackupRun): Requests {
    this.#finish(run.at)
    const locks = this.#working.length
    this.#locksMax = Math.max(this.#locksMax, locks)
    const news = this.#newsFor(run.host)
    const { snapshotBytes, design } = this.#fleet
    const { minutes, stored } = run
    const asked = backupRequests({
      ...(design && { design }),
      state: this.#state,
      news,
      stored,
      locks,
      minutes,
      snapshotBytes,
    })
    if (minutes > 0) this.#working.push(run)
    else this.#commit(run)
    return asked
  }

  prune(run: PruneRun): Requests {
    this.#finish(run.at)
    const { packs, indexes } = this.#state
    const since = this.#sinceLastPrune
    const deadPacks = Math.round(packs * run.deadPackRatio)
    const merged = since.smallPacks >= 16 ? since.smallPacks : 0
    const mergedInto = Math.ceil((merged === 0 ? 0 : since.smallBytes) / packBytes)
    // Packs that go lie anywhere: of 32 in an index object one is enough for it to be written anew.
    const old = Math.max(0, indexes - since.indexes)
    const touched = Math.round(old * (1 - (1 - run.deadPackRatio) ** packsPerIndex))
    const replaced = touched + (merged > 0 ? since.indexes : 0)
    const renamed = touched * packsPerIndex + (merged > 0 ? since.packs - merged : 0) - deadPacks
    const written = Math.ceil(Math.max(0, renamed) / packsPerIndex) + Math.ceil(mergedInto / 32)
    const perIndexBytes = indexes === 0 ? 0 : this.#indexBytes / indexes
    const writtenBytes = touched * perIndexBytes + (merged > 0 ? since.indexBytes : 0)
    const asked = pruneRequests({
      state: this.#state,
      merged,
      mergedBytes: merged === 0 ? 0 : since.smallBytes,
      mergedInto,
      deadPacks,
      replaced,
      written,
      writtenBytes,
      indexBytes: this.#indexBytes,
      forgotten: run.forgotten,
    })
    this.#state = {
      snapshots: Math.max(0, this.#state.snapshots - run.forgotten),
      indexes: indexes - replaced + written,
      packs: packs - deadPacks - merged + mergedInto,
      journal: this.#state.journal + Math.min(1, run.forgotten),
    }
    this.#storedBytes -= deadPacks * packBytes
    this.#pruneCount += 1
    this.#rewritten = { indexes: written, indexBytes: writtenBytes, at: { ...this.#added } }
    this.#sinceLastPrune = { packs: 0, smallPacks: 0, smallBytes: 0, indexes: 0, indexBytes: 0 }
    return asked
  }

  end(): Pick<FleetResult, 'end' | 'storedBytes' | 'locksMax'> {
    this.#finish(Infinity)
    return { end: this.#state, storedBytes: this.#storedBytes, locksMax: this.#locksMax }
  }

  #finish(now: number): void {
    for (let index = 0; index < this.#working.length;) {
      const run = this.#working[index]
      if (run.at + run.minutes > now) index += 1
      else {
        this.#working.splice(index, 1)
        this.#commit(run)
      }
    }
  }

  #commit({ host, stored }: BackupRun): void {
    const { snapshots, indexes, treePacks, indexBytes, treeBytes } = this.#added
    this.#added = {
      snapshots: snapshots + 1,
      indexes: indexes + stored.indexes,
      treePacks: treePacks + stored.treePacks,
      indexBytes: indexBytes + stored.indexBytes,
      treeBytes: treeBytes + stored.treeBytes,
    }
    this.#state = {
      ...this.#state,
      snapshots: this.#state.snapshots + 1,
      indexes: this.#state.indexes + stored.indexes,
      packs: this.#state.packs + stored.packs,
    }
    this.#storedBytes += stored.bytes
    this.#indexBytes += stored.indexBytes
    const since = this.#sinceLastPrune
    since.packs += stored.packs
    since.smallPacks += stored.smallPacks
    since.smallBytes += stored.smallPacks * Math.min(smallPackBytes, stored.bytes)
    since.indexes += stored.indexes
    since.indexBytes += stored.indexBytes
    // What it has stored itself it need not ask for; what others stored meanwhile is asked for now or by the next run.
    const seen = this.#seen[host]
    this.#seen[host] = {
      snapshots: seen.snapshots + 1,
      indexes: seen.indexes + stored.indexes,
      treePacks: seen.treePacks + stored.treePacks,
      indexBytes: seen.indexBytes + stored.indexBytes,
      treeBytes: seen.treeBytes + stored.treeBytes,
    }
  }

  #newsFor(host: number): News {
    const seen = this.#seen[host]
    const isPruned = this.#seenPrune[host] < this.#pruneCount
    const base = isPruned ? this.#rewritten.at : seen
    const added = this.#added
    const anew = isPruned ? this.#rewritten : { indexes: 0, indexBytes: 0 }
    const news = {
      snapshots: added.snapshots - seen.snapshots,
      indexes: added.indexes - base.indexes + anew.indexes,
      // Pages that are known are not read again where a prune has put them.
      treePacks: added.treePacks - seen.treePacks,
      indexBytes: added.indexBytes - base.indexBytes + anew.indexBytes,
      treeBytes: added.treeBytes - seen.treeBytes,
      snapshotBytes: (added.snapshots - seen.snapshots) * this.#fleet.snapshotBytes,
    }
    this.#seen[host] = added
    this.#seenPrune[host] = this.#pruneCount
    return news
  }
}

const packsPerIndex = 32
const packBytes = 28 * 1024 * 1024
/** About half of what still counts as small. */
const smallPackBytes = 2 * 1024 * 1024
