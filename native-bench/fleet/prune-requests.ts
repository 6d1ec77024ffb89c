import type { RepositoryState } from './backup-requests.ts'
import { listingRequests } from './listing.ts'
import type { Requests } from './requests.ts'

export interface PruneWork {
  readonly state: RepositoryState
  /** Packs that are copied because they are small, their bytes, and how many packs come of them. */
  readonly merged: number
  readonly mergedBytes: number
  readonly mergedInto: number
  readonly deadPacks: number
  /** Index objects that go, and those that come instead. */
  readonly replaced: number
  readonly written: number
  readonly writtenBytes: number
  /** Of all index objects. */
  readonly indexBytes: number
  readonly forgotten: number
}

/** Listings of snapshots, of what is forgotten, of index objects and packs: rounded up from those of a prune that was traced. */
const fullListings = 6
/** Index objects are read to know what is live in each pack, and again to find those that name a pack that goes. */
const indexReads = 2
const bytesPerListedName = 350

/** What one prune asks of a bucket, forgetting included: to the order of a few hundred requests; its weight is the index objects. */
export function pruneRequests(work: PruneWork): Requests {
  const { state, merged, mergedInto, deadPacks, replaced, written, forgotten } = work
  const lists =
    fullListings * (listingRequests(state.snapshots) + listingRequests(state.indexes) + 2) +
    2 * listingRequests(state.packs)
  const listedNames = fullListings * (state.snapshots + state.indexes) + 2 * state.packs
  return {
    // Snapshots are read from the objects when they are marked; a pack that is copied by its ends and its segments.
    gets: indexReads * state.indexes + state.snapshots + 2 * merged + forgotten,
    puts: written + mergedInto + forgotten + 2,
    lists,
    deletes: replaced + merged + deadPacks + forgotten + 1,
    downBytes: indexReads * work.indexBytes + work.mergedBytes + listedNames * bytesPerListedName,
    upBytes: work.writtenBytes + work.mergedBytes,
  }
}
