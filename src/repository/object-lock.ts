import { HoldfastError, RepositoryError } from '../foundation/errors.ts'
import { isSameLock, objectLockDaysMax, type ObjectLock } from '../model/object-lock.ts'
import { decodeRepositoryConfig } from '../format/text-object/repository-config.ts'
import type { Storage } from '../storage/storage.ts'
import type { Repository } from './repository.ts'
import { retentionOf } from './versions.ts'

const metaKey = 'objectLock'

/**
 * From now on everything that stays is put so that nobody can delete it.
 *
 * @throws {HoldfastError} `USAGE` for a storage that cannot do that, whatever is done to it, or a period that makes no sense
 */
export async function lockNew(storage: Storage, lock: ObjectLock | undefined): Promise<void> {
  if (!lock) return
  if (!Number.isInteger(lock.days) || lock.days < 1 || lock.days > objectLockDaysMax) {
    throw new HoldfastError(
      'USAGE',
      `Cannot lock objects for ${lock.days} days: it must be 1 to ${objectLockDaysMax}`,
      { remedy: 'Give a period such as 30d' },
    )
  }
  if (storage.versions) return await storage.versions.keepNew(retentionOf(lock))
  throw new HoldfastError(
    'USAGE',
    `Cannot lock objects in "${storage.location}": only a bucket can keep them from being deleted`,
    { remedy: 'Give an address that begins with s3:, or leave out --object-lock' },
  )
}

/**
 * Before anything is put there.
 *
 * @throws {RepositoryError} `STORAGE_FAILED` for a bucket that was made without object lock
 */
export async function refuseUnlocked({ versions, location }: Storage): Promise<void> {
  // Who is not told finds out by the first put, which the store then refuses.
  if ((await versions?.keepsObjects()) !== false) return
  throw new RepositoryError(
    'STORAGE_FAILED',
    `Cannot lock objects in "${location}": its bucket was made without object lock`,
    {
      remedy:
        'Name a bucket that is not there yet: init makes it with object lock. Or make one with `aws s3api create-bucket --object-lock-enabled-for-bucket`, or leave out --object-lock',
      facts: { location },
    },
  )
}

/**
 * Does what the configuration of an open repository says, and holds it against what this machine saw when it opened the repository before:
 * whoever has a key of it and may put objects can put another configuration in its place, and everybody would go on without a lock.
 *
 * @throws {RepositoryError} `OBJECT_DAMAGED` when the configuration was exchanged
 */
export async function applyObjectLock({
  config: { objectLock },
  storage,
  catalogue,
}: Repository): Promise<void> {
  const known = catalogue.readMeta(metaKey)
  const before = known === undefined ? undefined : (JSON.parse(known) as ObjectLock)
  if (before && !isSameLock(before, objectLock)) {
    throw new RepositoryError(
      'OBJECT_DAMAGED',
      `Cannot open repository "${storage.location}": its config asks for ${lockText(objectLock)}, and asked for ${lockText(before)} before`,
      {
        remedy:
          'Nobody changes it but an attacker: see `holdfast repair versions --at TIME` and the guide, "When a machine is taken over"',
        facts: { name: 'config' },
      },
    )
  }
  // A copy in a folder can be read and written like any other.
  if (!objectLock || !storage.versions) return
  if (!before) catalogue.writeMeta(metaKey, JSON.stringify(objectLock))
  await lockNew(storage, objectLock)
}

/** `object lock for 30 days (compliance)` */
export function lockText(lock: ObjectLock | undefined): string {
  if (!lock) return 'no object lock'
  return `object lock for ${lock.days} ${lock.days === 1 ? 'day' : 'days'} (${lock.mode})`
}

/** What a `config` object says, which may be forged; undefined when it says nothing, or cannot be read. */
export function lockIn(configBytes: Uint8Array): ObjectLock | undefined {
  try {
    return decodeRepositoryConfig(configBytes).config.objectLock
  } catch {
    return undefined
  }
}
