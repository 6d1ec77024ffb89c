import { openCatalogue } from '../catalogue/catalogue.ts'
import type { BlobLocation, BlobLocations } from '../catalogue/blob-location.ts'
import { openStorage } from '../storage/open-storage.ts'
import { BlobReader } from './blob-reader.ts'
import { locationAt } from './location-at.ts'
import type { RepositoryContext } from './repository-context.ts'
import { SegmentReader } from './segment-reader.ts'

/** Finds and reads blobs on a worker thread, over read-only connections of its own. */
export interface WorkerBlobs {
  /** For data blobs: what it returns is valid until the next read. */
  readonly reader: BlobReader
  /** For content lists: what it returns stays valid. */
  readonly lists: BlobReader
  /** Locations of many blobs at once, in the order of the ids. */
  findMany(ids: Uint8Array): BlobLocations
  /** Turns one row of `findMany` into a location; undefined when the blob is not known. */
  locationAt(locations: BlobLocations, position: number): BlobLocation | undefined
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
  const listSegments = new SegmentReader(context, storage, listCacheBytes)
  return {
    reader: new BlobReader(context, finder, dataSegments),
    lists: new BlobReader(context, finder, listSegments),
    findMany: (ids) => blobs.findMany(ids),
    locationAt: (locations, position) => locationAt(blobs, locations, position),
    close: async () => {
      catalogue.close()
      await storage.close()
    },
  }
}
