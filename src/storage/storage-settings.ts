import type { Retention } from './versioned-objects.ts'

/** What a storage may need besides its address. Can be cloned, and holds secrets. */
export interface StorageSettings {
  /** Folder of this machine for what a storage that is far away keeps near. */
  readonly cacheDirectory?: string | undefined
  /** File with certificates of authorities, in PEM, that are trusted besides the usual ones. */
  readonly cacert?: string | undefined
  /** Bytes a second. */
  readonly uploadBytesPerSecond?: number | undefined
  readonly downloadBytesPerSecond?: number | undefined
  /** Requests that fail are tried again for so long. */
  readonly retryForMs?: number | undefined
  /** How long each new object that stays is kept from being deleted by anybody. */
  readonly retention?: Retention | undefined
  readonly s3?: {
    readonly accessKeyId?: string | undefined
    readonly secretAccessKey?: string | undefined
    readonly sessionToken?: string | undefined
    /** Of the files of the AWS tools (`~/.aws/credentials`, `~/.aws/config`); not beside keys. */
    readonly profile?: string | undefined
    readonly region?: string | undefined
  }
}

const chosen = new Map<string, StorageSettings>()

/**
 * Sets how a location is opened in this process, for all who open it from then on: the address is all that those know who need a storage of
 * their own. Threads get what they need from the main thread.
 */
export function chooseStorageSettings(location: string, settings: StorageSettings): void {
  chosen.set(location, settings)
}

export function storageSettingsOf(location: string): StorageSettings {
  return chosen.get(location) ?? {}
}
