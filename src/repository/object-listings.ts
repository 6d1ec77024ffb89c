import type { Storage } from '../storage/storage.ts'

/** Names of what the catalogue follows, on their way. */
export interface ObjectListings {
  readonly snapshots: Promise<string[]>
  readonly index: Promise<string[]>
  readonly journal: Promise<string[]>
  readonly parity: Promise<string[]>
}

/**
 * Begins to list, so that what else has to be asked of a storage that is far away is asked meanwhile. Snapshots are listed before index objects:
 * the index objects of every snapshot listed are there. A listing that fails is heard of by whoever awaits it.
 *
 * @param beforeIndex what else has to have been looked at before the index objects are listed
 */
export function beginListings(
  storage: Storage,
  beforeIndex: Promise<unknown> = Promise.resolve(),
): ObjectListings {
  const snapshots = storage.listNames('snapshots')
  const listings = {
    snapshots,
    index: beginIndexListing(storage, Promise.all([snapshots, beforeIndex])),
    journal: storage.listNames('journal'),
    parity: storage.listNames('parity'),
  }
  for (const listing of Object.values(listings)) listing.catch(() => undefined)
  return listings
}

/** @param before what has to have been looked at before */
export function beginIndexListing(storage: Storage, before: Promise<unknown>): Promise<string[]> {
  const listing = before.then(() => storage.listNames('index'))
  listing.catch(() => undefined)
  return listing
}
