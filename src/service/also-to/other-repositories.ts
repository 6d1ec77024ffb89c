import type { OtherRepository } from '../../config/settings.ts'
import type { StorageSettings } from '../../repository/open-chosen-storage.ts'
import type { StoreRequests } from '../../repository/store-requests.ts'
import type { ServiceContext } from '../service-context.ts'

/** Repositories that get a copy of each backup, and what opening them takes besides. */
export interface OtherRepositories {
  readonly repositories: readonly OtherRepository[]
  /** For those that name none of their own. */
  readonly passphrase?: (location: string) => Promise<string>
  readonly cacheDirectory?: string | undefined
  /** How one that is no folder is reached. */
  readonly storage?: (location: string) => Promise<StorageSettings | undefined>
}

/** Those that whoever runs this has named, else those of the configuration. */
export function otherRepositoriesOf({
  others,
  configuration,
}: Pick<ServiceContext, 'others' | 'configuration'>): OtherRepositories {
  const { settings } = configuration ?? {}
  const cacheDirectory =
    others?.cacheDirectory ?? settings?.cacheDirectory ?? process.env['HOLDFAST_CACHE_DIR']
  return {
    ...others,
    repositories: others?.repositories ?? settings?.alsoTo ?? [],
    cacheDirectory: cacheDirectory === '' ? undefined : cacheDirectory,
  }
}

/** What became of one of them. */
export interface OtherOutcome {
  readonly location: string
  /** Why it has no copy of the new backup; null when it has. */
  readonly error: unknown
  /** Snapshots that were copied to it, those that it had missed included. */
  readonly copied: number
  /** Snapshots that could not be copied, because something of them is lost where the backup was saved. */
  readonly damaged: number
  readonly storedBytesAdded: number
  /** What its store was asked for; null where requests cost nothing, and where it failed. */
  readonly requests: StoreRequests | null
}
