import { HoldfastError } from '../foundation/errors.ts'
import type { ObjectLock } from '../model/object-lock.ts'
import type { Retention, VersionedObjects } from '../storage/versioned-objects.ts'
import { openChosenStorage, type StorageChoice } from './open-chosen-storage.ts'

export type { ObjectVersion, Retention, VersionedObjects } from '../storage/versioned-objects.ts'

const dayMs = 24 * 60 * 60_000

/** How the storage is asked for what the configuration says. */
export function retentionOf({ mode, days }: ObjectLock): Retention {
  return { mode, periodMs: days * dayMs }
}

/**
 * Uses the older versions of a repository's objects, without opening it: what it takes to open it may be among what was deleted.
 *
 * @throws {HoldfastError} `USAGE` for a storage that keeps no versions, or a storage fault
 */
export async function withVersions<Result>(
  choice: StorageChoice,
  use: (versions: VersionedObjects) => Promise<Result>,
): Promise<Result> {
  const storage = openChosenStorage(choice)
  try {
    if (storage.versions) return await use(storage.versions)
    throw new HoldfastError(
      'USAGE',
      `Cannot look for older versions in "${storage.location}": a storage of its kind keeps none`,
      { remedy: 'Versions are kept by buckets for which versioning was turned on' },
    )
  } finally {
    await storage.close()
  }
}
