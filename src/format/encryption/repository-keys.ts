import { deriveKey } from '../hashing/blob-hasher.ts'

/**
 * Every key of a repository (docs/FORMAT.md, section 3), 32 bytes each. Survives a structured clone
 * to a worker thread, where the buffers arrive as plain `Uint8Array`; everything here takes either.
 */
export interface RepositoryKeys {
  /** For the ids of data blobs. */
  readonly dataIdKey: Uint8Array
  /** For the ids of tree blobs. */
  readonly treeIdKey: Uint8Array
  /** For the chunker's keys. */
  readonly chunkerSecret: Uint8Array
  /** Root of the frame keys of all objects. */
  readonly frameRootKey: Uint8Array
  /** For `mac` in the repository's configuration. */
  readonly configKey: Uint8Array
}

export const masterSecretBytes = 32

/**
 * Derives all keys from the master secret.
 *
 * @throws {RangeError} when the master secret is not 32 bytes.
 */
export function deriveRepositoryKeys(masterSecret: Uint8Array): RepositoryKeys {
  if (masterSecret.length !== masterSecretBytes) throw new RangeError('A master secret is 32 bytes')
  return {
    dataIdKey: deriveKey('holdfast v1 data blob id', masterSecret),
    treeIdKey: deriveKey('holdfast v1 tree blob id', masterSecret),
    chunkerSecret: deriveKey('holdfast v1 chunker', masterSecret),
    frameRootKey: deriveKey('holdfast v1 frame', masterSecret),
    configKey: deriveKey('holdfast v1 config', masterSecret),
  }
}
