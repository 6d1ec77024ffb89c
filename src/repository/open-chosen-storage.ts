import { openStorage } from '../storage/open-storage.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import {
  chooseStorageSettings,
  storageSettingsOf,
  type StorageSettings,
} from '../storage/storage-settings.ts'

export type { StorageSettings } from '../storage/storage-settings.ts'

export interface StorageChoice {
  readonly location: string
  /** What a storage that is no folder needs besides its address: credentials, certificates, limits. */
  readonly storage?: StorageSettings | undefined
  /** Where catalogues and what belongs to a storage that is far away are kept; default `$XDG_CACHE_HOME/holdfast`. */
  readonly cacheDirectory?: string | undefined
}

/** Opens the storage of a location as it was asked for; whoever opens it later in this process, by its location alone, gets it so, too. */
export function openChosenStorage(choice: StorageChoice): PackStorage {
  const { cacheDirectory } = choice
  const storage = openStorage(choice.location)
  chooseStorageSettings(storage.location, {
    ...(cacheDirectory !== undefined && { cacheDirectory }),
    ...choice.storage,
  })
  return storage
}

/** How a storage that is open was asked for, to tell it to another process. Holds secrets. */
export function chosenStorageSettings({
  location,
}: {
  readonly location: string
}): StorageSettings {
  return storageSettingsOf(location)
}
