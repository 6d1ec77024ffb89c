import { readPassphrase } from '../../config/read-passphrase.ts'
import { isAddress } from '../../config/resolve-location.ts'
import type { OtherRepository } from '../../config/settings.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { StorageSettings } from '../../repository/open-chosen-storage.ts'
import type { Repository } from '../../repository/repository.ts'
import { chooseStorage } from '../choose-storage.ts'
import { operationsOf, type ServiceContext } from '../service-context.ts'
import { otherRepositoriesOf } from './other-repositories.ts'

/**
 * Opens another repository, with its own passphrase or, where none is named for it, with what opens the first one.
 *
 * @throws {HoldfastError} as `openRepository`
 */
export async function openOther(
  context: ServiceContext,
  other: OtherRepository,
): Promise<Repository> {
  const { cacheDirectory, storage = storageOf(context) } = otherRepositoriesOf(context)
  return await operationsOf(context).openRepository({
    location: other.location,
    passphrase: () => passphraseOf(context, other),
    cacheDirectory,
    storage: await storage(other.location),
    retryLockMs: context.repository.retryLockMs,
    signal: context.signal,
  })
}

function storageOf({
  configuration,
}: ServiceContext): (location: string) => Promise<StorageSettings | undefined> {
  const hints = {
    globals: {},
    configuration,
    environment: process.env,
    workingFolder: process.cwd(),
  }
  return async (location) =>
    isAddress(location) ? await chooseStorage({ ...hints, location, role: 'other' }) : undefined
}

async function passphraseOf(context: ServiceContext, other: OtherRepository): Promise<string> {
  const { location } = other
  const { signal } = context
  const environment = process.env
  const own = await readPassphrase({ configuration: () => other, environment, signal })
  if (own !== undefined) return own
  const { passphrase } = otherRepositoriesOf(context)
  if (passphrase) return await passphrase(location)
  const configuration = (): object => context.configuration?.settings ?? {}
  const shared = await readPassphrase({ configuration, environment, signal })
  if (shared !== undefined) return shared
  throw new HoldfastError(
    'PASSPHRASE_MISSING',
    `Cannot open repository "${location}": it is encrypted and no passphrase is given for it`,
    {
      remedy: 'Name a passphrase_file beside it, under holdfast.also_to in config.yml',
      facts: { location },
    },
  )
}
