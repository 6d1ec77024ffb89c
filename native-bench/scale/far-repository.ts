import { openChosenStorage } from '../../src/repository/open-chosen-storage.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { unlockRepository } from '../../src/repository/unlock-repository.ts'
import type { PackStorage } from '../../src/storage/pack-storage.ts'
import { benchPassphrase } from '../tools/environment.ts'

/**
 * Opens a repository in a folder and uses it like one in a bucket: what is live in a pack is then told by its index object and not by its
 * trailer, and the packs of a large repository that was made for measuring have none.
 */
export async function openFarRepository(
  location: string,
  cacheDirectory: string,
): Promise<Repository> {
  const choice = { location, cacheDirectory }
  const unlocked = await unlockRepository({ ...choice, passphrase: benchPassphrase })
  return await openRepository({
    ...choice,
    unlocked: { ...unlocked, storage: farStorage(openChosenStorage(choice)) },
  })
}

function farStorage(storage: PackStorage): PackStorage {
  const capabilities = { ...storage.capabilities, isRemote: true, verifiesPuts: true }
  return new Proxy(storage, {
    get(target, key) {
      if (key === 'capabilities') return capabilities
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
