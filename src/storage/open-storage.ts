import { HoldfastError } from '../foundation/errors.ts'
import type { Storage } from './storage.ts'

/** `scheme:` in front, but not the single letter of a drive. */
const schemePattern = /^([a-z][a-z0-9+.-]+):/i

/**
 * Opens what a location names: a folder, or `memory:`. Each kind is loaded when it is used, so that
 * a local run never loads a client of a remote one.
 *
 * @throws {HoldfastError} `USAGE` for a scheme that is not known.
 */
export async function openStorage(location: string): Promise<Storage> {
  const scheme = schemePattern.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined) return (await import('./local/local-storage.ts')).openLocal(location)
  if (scheme === 'memory') return new (await import('./memory/memory-storage.ts')).MemoryStorage()
  throw new HoldfastError(
    'USAGE',
    `Cannot open the repository "${location}": "${scheme}:" is not a known storage`,
    {
      remedy: 'Give the path of a folder; write ./ in front when its name holds a colon',
      facts: { location },
    },
  )
}
