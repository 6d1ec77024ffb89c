import { statSync } from 'node:fs'
import {
  decodeRepositoryConfig,
  type DecodedRepositoryConfig,
} from '../format/text-object/repository-config.ts'
import { textObjectBytesMax } from '../format/text-object/text-object.ts'
import { HoldfastError, RepositoryError } from '../foundation/errors.ts'
import { noPlaceCode } from '../storage/errors.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { readStoredSlots, unlockWithPassphrase, type StoredSlot } from './key-slots.ts'
import { isMissing } from './loss.ts'
import { beginListings, type ObjectListings } from './object-listings.ts'
import { openChosenStorage, type StorageChoice } from './open-chosen-storage.ts'
import { readProved } from './read-proved.ts'

export interface UnlockOptions extends StorageChoice {
  /** Asked for only when the repository is encrypted. */
  readonly passphrase?: string | (() => string | Promise<string>)
  /** Called once other threads turn the passphrase into a key: 60 ms in which modules can be loaded. */
  readonly onDeriving?: () => void
}

/** What opens everything else of a repository. */
export interface Unlocked {
  readonly masterSecret: Buffer
  /** The slot that the passphrase opened; null without encryption. */
  readonly slotId: string | null
}

/** An unlocked repository of which nothing needs to be asked for again. */
export interface UnlockedStorage extends Unlocked {
  readonly config: DecodedRepositoryConfig
  /** Open, with its connections. */
  readonly storage: PackStorage
  /** What there is, where that was asked for while the passphrase was turned into a key. */
  readonly listings?: BegunListings | undefined
}

export interface BegunListings extends ObjectListings {
  /** By `performance.now()`: somebody may have looked for the passphrase meanwhile. */
  readonly begunAtMs: number
}

/**
 * Finds the master secret of a repository, without its catalogue: so little is loaded for it that the passphrase is at work early.
 *
 * @returns what `openRepository` goes on with: the storage is open, and its to close
 * @throws {RepositoryError} `REPOSITORY_NOT_FOUND`, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`, `OBJECT_DAMAGED` or a storage fault
 */
export async function unlockRepository(options: UnlockOptions): Promise<UnlockedStorage> {
  const storage = openChosenStorage(options)
  try {
    const ahead = storage.capabilities.isRemote ? askAhead(storage) : undefined
    const config = await readConfigObject(storage)
    const unlocked = await unlock(storage, config, options, ahead?.slots)
    return { ...unlocked, config, storage, listings: ahead?.listings }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** Nothing of it depends on what the others answer: on a storage that is far away, waiting for each would take as long as all the rest. */
function askAhead(storage: PackStorage): {
  readonly slots: Promise<StoredSlot[]>
  readonly listings: BegunListings
} {
  const slots = readStoredSlots(storage)
  slots.catch(() => undefined)
  return { slots, listings: { ...beginListings(storage), begunAtMs: performance.now() } }
}

/** @throws {RepositoryError} `REPOSITORY_NOT_FOUND`, `OBJECT_DAMAGED` or a storage fault */
export async function readConfigObject(storage: Storage): Promise<DecodedRepositoryConfig> {
  try {
    return await readProved(storage, 'config', async () =>
      decodeRepositoryConfig(await storage.get('config', textObjectBytesMax)),
    )
  } catch (error) {
    if (!isMissing(error) && isThere(storage, error)) throw error
    throw new RepositoryError(
      'REPOSITORY_NOT_FOUND',
      `Cannot open repository "${storage.location}": there is none`,
      {
        remedy: `Run \`holdfast init --repo ${storage.location}\`, or name another one with --repo`,
        facts: { location: storage.location },
      },
    )
  }
}

/** @param error what reading an object ended with */
function isThere({ capabilities, location }: Storage, error: unknown): boolean {
  if (error instanceof RepositoryError && error.facts['errno'] === noPlaceCode) return false
  if (capabilities.kind !== 'local') return true
  try {
    return statSync(location, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    // A disk that fails does not tell; what the storage said stands.
    return true
  }
}

/** @throws {RepositoryError} `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`, `OBJECT_DAMAGED` or a storage fault */
export async function unlock(
  storage: Storage,
  { config }: DecodedRepositoryConfig,
  { passphrase, onDeriving }: Pick<UnlockOptions, 'passphrase' | 'onDeriving'>,
  stored?: Promise<readonly StoredSlot[]>,
): Promise<Unlocked> {
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
  return await unlockWithPassphrase(storage, config.repositoryId, text, { onDeriving, stored })
}
