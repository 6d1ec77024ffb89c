import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Repository } from './repository.ts'

/**
 * `major:minor:inode-low:inode-high` of the folders that a snapshot must never go into: those of the repository, which could be named
 * themselves, those that this machine keeps for one that is elsewhere, and that of its catalogue.
 */
export function forbiddenDirectories(repository: Repository): ReadonlySet<string> {
  const keys = new Set<string>()
  const { catalogue, storage } = repository
  if (storage.capabilities.kind === 'memory') return keys
  for (const path of [dirname(catalogue.path), ...storage.localFolders()]) {
    try {
      const { dev, ino } = statSync(path, { bigint: true })
      // The split of a Linux device number, as glibc's major() and minor() make it.
      const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
      const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
      keys.add(`${major}:${BigInt.asUintN(32, minor)}:${ino & 0xffff_ffffn}:${ino >> 32n}`)
    } catch {
      // A folder that is not there cannot be walked into.
    }
  }
  return keys
}
