import type { RepositoryKeys } from '../format/encryption/repository-keys.ts'
import { createBlobHasher, type BlobHasher } from '../format/hashing/blob-hasher.ts'

/** For each kind of blob (`blobKinds`) the one that makes its ids. For one thread. */
export type BlobHashers = readonly [data: BlobHasher, tree: BlobHasher]

export function createBlobHashers({ dataIdKey, treeIdKey }: RepositoryKeys): BlobHashers {
  return [createBlobHasher(dataIdKey), createBlobHasher(treeIdKey)]
}
