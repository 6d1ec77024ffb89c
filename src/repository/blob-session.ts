import { BlobLookup } from '../catalogue/blob-lookup.ts'
import { openStorage } from '../storage/open-storage.ts'
import { BlobClaims } from './blob-claims.ts'
import { BlobStore, type KnownBlobs } from './blob-store.ts'
import { PackWriter, type WrittenPack } from './pack-writer.ts'
import type { RepositoryContext } from './repository-context.ts'

export interface BlobSessionOptions {
  /** Memory of the claims that all threads of a run share (`BlobClaims.allocate`). */
  readonly claims: SharedArrayBuffer
  /** False when the repository held no blobs: then none has to be looked up. */
  readonly hasBlobs: boolean
  /** Catalogue rows of packs that are missing, or that a prune is about to delete; what lies only there is stored again. */
  readonly avoidedPacks: readonly number[]
  /** Damaged segments, by `segmentKey`; what lies only there is stored again. */
  readonly avoidedSegments: readonly number[]
  readonly onPack: (pack: WrittenPack) => void
}

/** What one thread needs to store blobs. */
export interface BlobSession {
  readonly store: BlobStore
  readonly packs: PackWriter
  close(): Promise<void>
}

/** Opens storage, look-up and pack writer for the calling thread. */
export function openBlobSession(
  context: RepositoryContext,
  options: BlobSessionOptions,
): BlobSession {
  const storage = openStorage(context.location)
  const packs = new PackWriter(context, storage, options.onPack)
  const claims = new BlobClaims(options.claims)
  const openLookup = (): BlobLookup =>
    new BlobLookup(context.cataloguePath, {
      packs: new Set(options.avoidedPacks),
      segments: new Set(options.avoidedSegments),
    })
  let lookup = options.hasBlobs ? openLookup() : null
  const known: KnownBlobs = {
    hasBlob: (id) => {
      // In a repository that was empty only this run's blobs can be known, and the claims remember those.
      if (!lookup && !claims.isFull) return false
      lookup ??= openLookup()
      return lookup.hasBlob(id)
    },
  }
  const store = new BlobStore(context, claims, known, packs)
  return {
    store,
    packs,
    close: async () => {
      lookup?.close()
      await storage.close()
    },
  }
}
