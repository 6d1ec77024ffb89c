import type { Repository } from '../../repository/repository.ts'
import { checkSpace, checkWritableByOthers } from './check-machine.ts'
import type { Finding } from './finding.ts'

/** What of an open repository lies on this machine: all of it, or what is kept near of one that lies in a store. */
export function checkPlace({ location, storage }: Repository): Finding[] {
  if (storage.capabilities.kind === 'local') {
    return [checkWritableByOthers('the repository', location)]
  }
  const [folder] = storage.localFolders()
  if (folder === undefined) return []
  return [
    checkWritableByOthers('the cache of the repository', folder),
    checkSpace('the cache of the repository', folder),
  ]
}
