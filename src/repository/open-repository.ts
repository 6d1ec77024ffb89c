import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { deleteCatalogue, openCatalogue, type Catalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'
import { deriveRepositoryKeys, type RepositoryKeys } from '../format/encryption/repository-keys.ts'
import {
  checkRepositoryConfigMac,
  decodeRepositoryConfig,
  type DecodedRepositoryConfig,
} from '../format/text-object/repository-config.ts'
import { textObjectBytesMax } from '../format/text-object/text-object.ts'
import { HoldfastError, RepositoryError } from '../foundation/errors.ts'
import { makeDirectories } from '../foundation/make-directories.ts'
import { openLocal, type LocalStorage } from '../storage/local/local-storage.ts'
import { catchUp, type UnusableObject } from './catch-up.ts'
import { unlockWithPassphrase } from './key-slots.ts'
import { Repository } from './repository.ts'

export interface OpenOptions {
  readonly location: string
  /** Asked for only when the repository is encrypted. */
  readonly passphrase?: string | (() => string | Promise<string>)
  /** Where catalogues of encrypted repositories are kept; default `$XDG_CACHE_HOME/holdfast`. */
  readonly cacheDirectory?: string | undefined
  /** zstd level of new packs. */
  readonly compressionLevel?: number
}

/** Level 3 costs 15 % more time than 1 and saves 9 % of space on source code (docs/BENCHMARKS.md). */
const compressionLevelDefault = 3

/**
 * Opens a repository and brings its catalogue up to date.
 *
 * @throws {RepositoryError} `REPOSITORY_NOT_FOUND`, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`, `FORMAT_UNSUPPORTED`,
 * `OBJECT_DAMAGED` or a storage fault
 */
export async function openRepository(options: OpenOptions): Promise<Repository> {
  const storage = openLocal(options.location)
  const decoded = await readConfig(storage)
  const { masterSecret, slotId } = await unlock(storage, decoded, options)
  const keys = deriveRepositoryKeys(masterSecret)
  checkRepositoryConfigMac(decoded, keys.configKey)
  const { config } = decoded
  const isSealed = config.encryption !== 'none'
  const { catalogue, path } = openFirst(storage.location, config.repositoryId, isSealed, options)
  let first: Catalogue | undefined = catalogue
  const repository = new Repository({
    config,
    storage,
    masterSecret,
    slotId,
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
      const opened = first ?? openOwn(path, config.repositoryId)
      first = undefined
      return opened
    },
  })
  try {
    repository.noteUnusable(await catchUpAnyhow(repository))
    return repository
  } catch (error) {
    await repository.close()
    throw error
  }
}

/** A catalogue that turns out to be damaged only now is built anew, like one that cannot even be opened. */
async function catchUpAnyhow(repository: Repository): Promise<UnusableObject[]> {
  try {
    return await catchUp(repository)
  } catch (error) {
    if (!(error instanceof CatalogueError) || !error.isRebuildable) throw error
    await repository.exchangeCatalogue(async () => {
      deleteCatalogue(repository.context.cataloguePath)
    })
    return await catchUp(repository)
  }
}

async function readConfig(storage: LocalStorage): Promise<DecodedRepositoryConfig> {
  let bytes: Buffer
  try {
    bytes = await storage.get('config', textObjectBytesMax)
  } catch (error) {
    const isThere = statSync(storage.location, { throwIfNoEntry: false })?.isDirectory() === true
    const isMissing = error instanceof RepositoryError && error.code === 'OBJECT_MISSING'
    if (isThere && !isMissing) throw error
    throw new RepositoryError(
      'REPOSITORY_NOT_FOUND',
      `Cannot open repository "${storage.location}": there is none`,
      {
        remedy: `Run \`holdfast init --repo ${storage.location}\`, or name another one with --repo`,
        facts: { location: storage.location },
      },
    )
  }
  return decodeRepositoryConfig(bytes)
}

async function unlock(
  storage: LocalStorage,
  { config }: DecodedRepositoryConfig,
  { passphrase }: OpenOptions,
): Promise<{ masterSecret: Buffer; slotId: string | null }> {
  if (config.secret !== undefined) {
    return { masterSecret: Buffer.from(config.secret, 'hex'), slotId: null }
  }
  const text = typeof passphrase === 'function' ? await passphrase() : passphrase
  if (text === undefined || text === '') {
    throw new HoldfastError(
      'PASSPHRASE_MISSING',
      `Cannot open repository "${storage.location}": it is encrypted and no passphrase was given`,
      {
        remedy: 'Give one with --passphrase-file, --passphrase-command or HOLDFAST_PASSPHRASE',
      },
    )
  }
  return await unlockWithPassphrase(storage, config.repositoryId, text)
}

/**
 * An unencrypted local repository keeps its catalogue inside itself; an encrypted one in the user's cache folder, because it holds file
 * names in the clear. So does one that this user may only read.
 */
function openFirst(
  location: string,
  repositoryId: string,
  isSealed: boolean,
  options: OpenOptions,
): { catalogue: Catalogue; path: string } {
  if (!isSealed) {
    const path = join(location, 'catalogue.db')
    try {
      return { catalogue: openOwn(path, repositoryId), path }
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
  return { catalogue: openOwn(path, repositoryId), path }
}

export function defaultCacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast')
}

/** Opens the file when it is this repository's sound catalogue, and makes a new one otherwise: it is only a view. */
function openOwn(path: string, repositoryId: string): Catalogue {
  const open = (): Catalogue => {
    const catalogue = openCatalogue(path)
    const owner = catalogue.readMeta('repositoryId')
    if (owner === repositoryId) return catalogue
    if (owner === undefined) {
      catalogue.writeMeta('repositoryId', repositoryId)
      return catalogue
    }
    catalogue.close()
    throw new CatalogueError(
      'damaged',
      `Cannot use the catalogue "${path}": it belongs to another repository`,
      { path },
    )
  }
  try {
    return open()
  } catch (error) {
    if (!(error instanceof CatalogueError) || !error.isRebuildable) throw error
    deleteCatalogue(path)
    return open()
  }
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
