import { openCatalogue } from '../catalogue/catalogue.ts'
import type { BlobLocation, BlobLocations } from '../catalogue/blob-location.ts'
import { openStorage } from '../storage/open-storage.ts'
import { BlobReader } from './blob-reader.ts'
import { locationAt } from './location-at.ts'
import type { RepositoryContext } from './repository-context.ts'
import { firstOfSegments } from './segment-locations.ts'
import { SegmentReader } from './segment-reader.ts'

/** Finds and reads blobs on a worker thread, over read-only connections of its own. */
export interface WorkerBlobs {
  /** Whether it is worth while to say what will be read. */
  readonly isRemote: boolean
  /** For data blobs: what it returns is valid until the next read. */
  readonly reader: BlobReader
  /** For content lists: what it returns stays valid. */
  readonly lists: BlobReader
  /** Locations of many blobs at once, in the order of the ids. */
  findMany(ids: Uint8Array): BlobLocations
  /** Turns one row of `findMany` into a location; undefined when the blob is not known. */
  locationAt(locations: BlobLocations, position: number): BlobLocation | undefined
  /**
   * Tells a storage that is far away that all of a look-up's result will be read, in its order; does nothing for one that is near.
   */
  expect(locations: BlobLocations): void
  close(): Promise<void>
}

/** Content lists of one file lie together. In bytes. */
const listCacheBytes = 2 * 1024 * 1024

/** @param cacheBytes decoded segments to keep, in bytes */
export function openWorkerBlobs(context: RepositoryContext, cacheBytes: number): WorkerBlobs {
  const storage = openStorage(context.location)
  const catalogue = openCatalogue(context.cataloguePath, { readOnly: true, cacheKiB: 4096 })
  const { blobs } = catalogue
  const finder = {
    findBlob: (id: Uint8Array) => blobs.find(id),
    findAll: (id: Uint8Array) => blobs.findAll(id),
  }
  const dataSegments = new SegmentReader(context, storage, cacheBytes, true)
  const nearStorage = openStorage(context.location)
  nearStorage.keepNear()
  const listSegments = new SegmentReader(context, nearStorage, listCacheBytes)
  const reader = new BlobReader(context, finder, dataSegments)
  return {
    isRemote: storage.capabilities.isRemote,
    reader,
    lists: new BlobReader(context, finder, listSegments),
    findMany: (ids) => blobs.findMany(ids),
    locationAt: (locations, position) => locationAt(blobs, locations, position),
    expect: (locations) => {
      if (storage.capabilities.isRemote) reader.expect(firstOfSegments(blobs, locations))
    },
    close: async () => {
      catalogue.close()
      await nearStorage.close()
      await storage.close()
    },
  }
}
