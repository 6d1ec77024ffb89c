import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { deleteCatalogue, type Catalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'
import { deriveRepositoryKeys, type RepositoryKeys } from '../format/encryption/repository-keys.ts'
import { checkRepositoryConfigMac } from '../format/text-object/repository-config.ts'
import { RepositoryError } from '../foundation/errors.ts'
import { makeDirectories } from '../foundation/make-directories.ts'
import type { Storage } from '../storage/storage.ts'
import { catchUp, type UnusableObject } from './catch-up.ts'
import { openReserve } from './disk-reserve.ts'
import type { ObjectListings } from './object-listings.ts'
import { applyObjectLock } from './object-lock.ts'
import { openChosenStorage } from './open-chosen-storage.ts'
import { openOwnCatalogue } from './open-own-catalogue.ts'
import { Repository } from './repository.ts'
import type { OnLockWait } from './on-lock-wait.ts'
import {
  readConfigObject,
  unlock,
  type Unlocked,
  type UnlockedStorage,
  type UnlockOptions,
} from './unlock-repository.ts'

export interface OpenOptions extends Omit<UnlockOptions, 'onDeriving'> {
  /**
   * What `unlockRepository` gave, or what a process that has it open already hands to one that it starts: nobody is asked again, and no key is
   * derived again.
   */
  readonly unlocked?: Unlocked & Partial<UnlockedStorage>
  /** How long operations wait for others that hold the repository; default: not at all. */
  readonly retryLockMs?: number | undefined
  /** Told who is waited for meanwhile, and when that is over. */
  readonly onLockWait?: OnLockWait | undefined
  /** zstd level of new packs. */
  readonly compressionLevel?: number
  /** It is opened in order to free space: when the disk is nearly full, the reserve is given back first (docs/decisions/0010). */
  readonly freesSpace?: boolean
}

/**
 * Against level 3 it takes 16 to 28 per cent less time for 1 to 6 per cent more space on source code, logs, programs and small JSON files
 * (docs/PERFORMANCE.md).
 */
const compressionLevelDefault = 2

/** Older ones are made again: whoever typed a passphrase meanwhile wants to see what there is now. */
const listingsAgeMsMax = 5_000

/**
 * Opens a repository and brings its catalogue up to date.
 *
 * @throws {RepositoryError} `REPOSITORY_NOT_FOUND`, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`, `FORMAT_UNSUPPORTED`,
 * `OBJECT_DAMAGED` or a storage fault
 */
export async function openRepository(options: OpenOptions): Promise<Repository> {
  try {
    return await openWith(options, true)
  } catch (error) {
    // On a full disk what is there can be listed and restored all the same.
    if (!(error instanceof CatalogueError) || error.fault !== 'full') throw error
    if (error.facts['path'] !== join(resolve(options.location), 'catalogue.db')) throw error
    return await openWith(options, false)
  }
}

/** @param isBeside whether the catalogue of an unencrypted repository may lie beside its objects */
async function openWith(options: OpenOptions, isBeside: boolean): Promise<Repository> {
  const storage = options.unlocked?.storage ?? openChosenStorage(options)
  if (options.freesSpace === true) await openReserve(storage)
  const decoded = options.unlocked?.config ?? (await readConfigObject(storage))
  const { masterSecret, slotId } = options.unlocked ?? (await unlock(storage, decoded, options))
  const keys = deriveRepositoryKeys(masterSecret)
  checkRepositoryConfigMac(decoded, keys.configKey)
  const { config } = decoded
  const isSealed = config.encryption !== 'none'
  const { catalogue, path } = openFirst(
    storage,
    config.repositoryId,
    isSealed || !isBeside,
    options,
  )
  let first: Catalogue | undefined = catalogue
  const repository = new Repository({
    config,
    storage,
    masterSecret,
    slotId,
    retryLockMs: options.retryLockMs,
    onLockWait: options.onLockWait,
    context: {
      location: storage.location,
      repositoryId: Buffer.from(config.repositoryId, 'hex'),
      sealed: isSealed,
      keys: cloneKeys(keys),
      chunkAverageBytes: config.chunkAverageBytes,
      cataloguePath: path,
      compressionLevel: options.compressionLevel ?? compressionLevelDefault,
    },
    openCatalogue: () => {
      const opened = first ?? openOwnCatalogue(path, config.repositoryId)
      first = undefined
      return opened
    },
  })
  try {
    await applyObjectLock(repository)
    repository.noteUnusable(await catchUpAnyhow(repository, youngListings(options.unlocked)))
    return repository
  } catch (error) {
    await repository.close()
    throw error
  }
}

function youngListings(unlocked: OpenOptions['unlocked']): ObjectListings | undefined {
  const listings = unlocked?.listings
  if (!listings || performance.now() - listings.begunAtMs > listingsAgeMsMax) return undefined
  return listings
}

/** A catalogue that turns out to be damaged only now is built anew, like one that cannot even be opened. */
async function catchUpAnyhow(
  repository: Repository,
  listings: ObjectListings | undefined,
): Promise<UnusableObject[]> {
  try {
    return await catchUp(repository, listings)
  } catch (error) {
    if (!(error instanceof CatalogueError) || !error.isRebuildable) throw error
    await repository.exchangeCatalogue(async () => {
      deleteCatalogue(repository.context.cataloguePath)
    })
    return await catchUp(repository)
  }
}

/**
 * An unencrypted local repository keeps its catalogue inside itself; an encrypted one in the user's cache folder, because it holds file
 * names in the clear. So does one that this user may only read, and one in a folder of another machine (NFS, SMB, sshfs), where SQLite's locks do
 * not hold. One in memory has its catalogue there, too.
 */
function openFirst(
  { location, capabilities }: Storage,
  repositoryId: string,
  isElsewhere: boolean,
  options: OpenOptions,
): { catalogue: Catalogue; path: string } {
  if (capabilities.kind === 'memory') {
    return { catalogue: openOwnCatalogue(location, repositoryId), path: location }
  }
  if (!isElsewhere && capabilities.kind === 'local' && !capabilities.isNetworkFolder) {
    const path = join(location, 'catalogue.db')
    try {
      return { catalogue: openOwnCatalogue(path, repositoryId), path }
    } catch (error) {
      if (!(error instanceof CatalogueError) || error.fault !== 'failed') throw error
    }
  }
  const directory = join(options.cacheDirectory ?? defaultCacheDirectory(), repositoryId)
  try {
    makeDirectories(resolve(directory), 0o700)
  } catch (cause) {
    throw new RepositoryError('CATALOGUE_FAILED', `Cannot make the cache folder "${directory}"`, {
      remedy: 'Name another folder with --cache-dir or HOLDFAST_CACHE_DIR',
      cause,
    })
  }
  const path = join(directory, 'catalogue.db')
  return { catalogue: openOwnCatalogue(path, repositoryId), path }
}

export function defaultCacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast')
}

/** Buffers out of Node's pool would carry their neighbours along when they are cloned to a thread. */
function cloneKeys(keys: RepositoryKeys): RepositoryKeys {
  const clone = (key: Uint8Array): Uint8Array => Uint8Array.from(key)
  return {
    dataIdKey: clone(keys.dataIdKey),
    treeIdKey: clone(keys.treeIdKey),
    chunkerSecret: clone(keys.chunkerSecret),
    frameRootKey: clone(keys.frameRootKey),
    configKey: clone(keys.configKey),
  }
}
