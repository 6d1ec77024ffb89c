import { HoldfastError } from '../foundation/errors.ts'
import { openLocal } from './local/local-storage.ts'
import { MemoryStorage } from './memory/memory-storage.ts'
import type { PackStorage } from './pack-storage.ts'
import { openS3 } from './s3/s3-storage.ts'

/** `scheme:` in front, but not the single letter of a drive. */
const schemePattern = /^([a-z][a-z0-9+.-]+):/i

/** Storages in the memory of this process by location: all who open one get the same objects. */
const inMemory = new Map<string, () => PackStorage>()

/**
 * Opens what a location names: a folder, a bucket (`s3:`), or `memory:` with any name. Touches nothing, so that every
 * thread can do it for itself; whatever a kind has to load or connect to waits for its first use.
 *
 * @throws {HoldfastError} `USAGE` for a scheme that is not known.
 */
export function openStorage(location: string): PackStorage {
  const scheme = schemePattern.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) return openLocal(location)
  if (scheme === 'memory') return openInMemory(location)
  if (scheme === 's3') return openS3(location)
  throw new HoldfastError(
    'USAGE',
    `Cannot open the repository "${location}": "${scheme}:" is not a known storage`,
    {
      remedy:
        'Give the path of a folder, or s3:https://HOST/BUCKET/PREFIX; write ./ in front of a folder whose name holds a colon',
      facts: { location },
    },
  )
}

/**
 * Sets what a `memory:` location stands for in this process, such as a simulated storage.
 *
 * @param open Null forgets the location and, unless somebody still holds it, its objects.
 */
export function setInMemory(location: string, open: (() => PackStorage) | null): void {
  if (open) inMemory.set(location, open)
  else inMemory.delete(location)
}

function openInMemory(location: string): PackStorage {
  let open = inMemory.get(location)
  if (!open) {
    const storage = new MemoryStorage(location)
    open = () => storage
    inMemory.set(location, open)
  }
  return open()
}
