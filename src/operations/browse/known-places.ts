import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Repository } from '../../repository/repository.ts'
import { FindPlaces } from './find-places.ts'

/** What searches of one state of the catalogue share. */
export interface KnownPlaces {
  /** All, newest first. */
  readonly snapshots: readonly SnapshotSummary[]
  readonly places: FindPlaces
}

const known = new WeakMap<Repository, KnownPlaces & { readonly state: string }>()

/** A search after another one, as in a dashboard, finds the directories of the first one known. Call it within one state. */
export function knownPlaces(repository: Repository): KnownPlaces {
  const { search, snapshots } = repository.catalogue
  const state = search.state()
  const before = known.get(repository)
  if (before?.state === state) return before
  const newestFirst = snapshots.list().reverse()
  const places = new FindPlaces(repository, newestFirst)
  const made = { state, snapshots: newestFirst, places }
  known.set(repository, made)
  return made
}
