import type { RepositoryKeys } from '../format/encryption/repository-keys.ts'

/**
 * All that a thread needs to read and write blobs. It survives structured cloning; the byte arrays of a clone are plain
 * `Uint8Array`s, so code that takes a context asks for no more.
 */
export interface RepositoryContext {
  /** Where the storage is; a worker thread opens it for itself. */
  readonly location: string
  /** 16 bytes. */
  readonly repositoryId: Uint8Array
  readonly sealed: boolean
  readonly keys: RepositoryKeys
  readonly chunkAverageBytes: number
  /** The catalogue's file, for read-only look-ups. */
  readonly cataloguePath: string
  readonly compressionLevel: number
}
