import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { deriveRepositoryKeys, masterSecretBytes } from '../format/encryption/repository-keys.ts'
import { encodeRepositoryConfig } from '../format/text-object/repository-config.ts'
import { HoldfastError, RepositoryError } from '../foundation/errors.ts'
import { isThere } from './modification-time.ts'
import type { ObjectLock } from '../model/object-lock.ts'
import type { ParitySetting } from '../model/parity-setting.ts'
import type { RepositoryConfig } from '../model/repository-config.ts'
import type { PutGuard, Storage } from '../storage/storage.ts'
import { objectFolders } from '../storage/object-name.ts'
import { isConflict, storageError } from '../storage/errors.ts'
import { refillReserve } from './disk-reserve.ts'
import { addKeySlot } from './key-slots.ts'
import { acquireLock, type LockOptions } from './locks.ts'
import { openChosenStorage, type StorageChoice } from './open-chosen-storage.ts'
import { lockNew, refuseUnlocked } from './object-lock.ts'
import { checkParitySetting, storeFirstParitySetting } from './parity/parity-setting.ts'

/** The place of the new repository, a folder or a bucket, is made when it is missing. */
export interface InitOptions extends StorageChoice {
  /** Encrypts when given. */
  readonly passphrase?: string | undefined
  /** Average length of chunks: a power of two, 16 KiB to 2 MiB. */
  readonly chunkAverageBytes?: number | undefined
  /** Protects the packs by parity when given; it can be changed later. */
  readonly parity?: ParitySetting | undefined
  /** Puts each object so that nobody can delete it for so long. Only in a bucket, which has to be made for it. */
  readonly objectLock?: ObjectLock | undefined
  /** Name for the first key slot. */
  readonly keyLabel?: string
}

export interface InitResult {
  readonly repositoryId: string
  readonly encryption: RepositoryConfig['encryption']
  readonly chunkAverageBytes: number
  /** What the storage's refusal of a taken name is worth; nothing rests on it. */
  readonly putGuard: PutGuard
}

/**
 * Chosen by a sweep: 40 inserts of 3 KiB and 4 MiB appended to a 512 MiB vector index cost 56 MB of new chunks at an average of 1 MiB, 18.5 at
 * 256 KiB, 11.3 at 128 KiB and 7.6 at 64 KiB, where the catalogue is twice as large again.
 */
export const chunkAverageBytesDefault: number = 128 * 1024
/** Another run is done in a moment; one that was killed is over in a minute. */
const initLock: LockOptions = { staleAfterMs: 60_000, retryForMs: 90_000 }
const chunkAverageBytesMin = 16 * 1024
const chunkAverageBytesMax = 2 * 1024 * 1024

/** What a fresh folder may hold besides. */
const allowedNames: ReadonlySet<string> = new Set([
  'README.md',
  '.gitignore',
  'lost+found',
  '.gitkeep',
])

/**
 * Makes a repository. `config` is written last: without it the folder is none, so a run that was cut off leaves nothing
 * that looks like a repository.
 *
 * @throws {HoldfastError} `REPOSITORY_EXISTS`, `USAGE`, `KEY_REFUSED` for an empty passphrase, or a storage fault
 */
export async function initRepository(options: InitOptions): Promise<InitResult> {
  const chunkAverageBytes = options.chunkAverageBytes ?? chunkAverageBytesDefault
  checkChunkAverage(chunkAverageBytes)
  if (options.passphrase !== undefined && options.passphrase.trim() === '') {
    throw new HoldfastError('KEY_REFUSED', 'Cannot make a repository: the passphrase is empty', {
      remedy: 'Give a passphrase, or none at all for a repository without encryption',
    })
  }
  if (options.parity) checkParitySetting(options.parity)
  const storage = openChosenStorage(options)
  await lockNew(storage, options.objectLock)
  await refuseExisting(storage)
  await storage.prepare()
  if (options.objectLock) await refuseUnlocked(storage)
  const masterSecret = randomBytes(masterSecretBytes)
  const config: RepositoryConfig = {
    version: options.objectLock ? 2 : 1,
    repositoryId: randomBytes(16).toString('hex'),
    createdAtMs: Date.now(),
    encryption: options.passphrase === undefined ? 'none' : 'aes-256-gcm',
    chunker: 'sieve-1',
    chunkAverageBytes,
    compression: 'zstd',
    ...(options.passphrase === undefined ? { secret: masterSecret.toString('hex') } : {}),
    ...(options.objectLock && { objectLock: options.objectLock }),
  }
  const { frameRootKey } = deriveRepositoryKeys(masterSecret)
  await alone(storage, (assertAlone) =>
    putConfig(storage, config, { ...options, masterSecret, assertAlone }),
  )
  if (options.parity) {
    await storeFirstParitySetting(storage, options.parity, {
      repositoryId: Buffer.from(config.repositoryId, 'hex'),
      sealed: config.encryption !== 'none',
      frameRootKey,
    })
  }
  const putGuard = await storage.probePuts()
  await refillReserve(storage)
  await storage.close()
  const { repositoryId, encryption } = config
  return { repositoryId, encryption, chunkAverageBytes, putGuard }
}

/**
 * Does something while no other `init` does. Where a taken name is refused for sure nobody has to be kept away; a store may let both win, and then
 * each would remove the key of the other (Swift's does).
 */
async function alone(
  storage: Storage,
  work: (assertAlone: () => Promise<void>) => Promise<void>,
): Promise<void> {
  if (!storage.capabilities.isRemote) return await work(async () => undefined)
  const lock = await acquireLock(storage, 'exclusive', 'init', initLock)
  try {
    await refuseConfig(storage)
    await work(() => lock.assertHeld())
  } finally {
    await lock.release()
  }
}

/** Stores the first key, and then the config, which is what makes it a repository. */
async function putConfig(
  storage: Storage,
  config: RepositoryConfig,
  options: InitOptions & {
    readonly masterSecret: Uint8Array
    readonly assertAlone: () => Promise<void>
  },
): Promise<void> {
  const { masterSecret } = options
  const slotName = await addFirstKey(storage, config.repositoryId, masterSecret, options)
  const { configKey } = deriveRepositoryKeys(masterSecret)
  try {
    await options.assertAlone()
    await storage.put('config', encodeRepositoryConfig(config, configKey))
  } catch (error) {
    if (slotName !== null) await storage.delete(slotName)
    // Another run was faster.
    throw isConflict(error) ? existsError(storage.location) : error
  }
  // Of runs that were cut off or were slower. Only now: before, the key of the run that wins could be among them.
  for (const name of await storage.listNames('keys')) {
    if (name !== slotName) await storage.delete(name)
  }
}

/** @returns the slot's name; null without encryption */
async function addFirstKey(
  storage: Storage,
  repositoryId: string,
  masterSecret: Uint8Array,
  { passphrase, keyLabel }: InitOptions,
): Promise<string | null> {
  if (passphrase === undefined) return null
  const label = keyLabel ?? 'first key'
  const { slotId } = await addKeySlot(storage, { passphrase, masterSecret, repositoryId, label })
  return `keys/${slotId}`
}

function checkChunkAverage(bytes: number): void {
  const isPowerOfTwo = Number.isInteger(bytes) && bytes > 0 && (bytes & (bytes - 1)) === 0
  if (isPowerOfTwo && bytes >= chunkAverageBytesMin && bytes <= chunkAverageBytesMax) return
  throw new HoldfastError(
    'USAGE',
    `Cannot use chunk size ${bytes}: it must be a power of two from 16 KiB to 2 MiB`,
    {
      remedy: 'Leave it out for 128 KiB, or give for example --chunk-size 256K',
    },
  )
}

async function refuseExisting(storage: Storage): Promise<void> {
  const { location } = storage
  if (storage.capabilities.kind !== 'local') {
    // Where there is no bucket yet nothing can be looked for.
    await storage.prepare()
    await refuseConfig(storage)
    return await refuseOrphans(storage)
  }
  let names: string[]
  try {
    names = await readdir(location)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    throw storageError({ action: 'make a repository in', path: location, cause })
  }
  if (names.includes('config')) {
    throw existsError(location)
  }
  const known = new Set<string>([...objectFolders, 'tmp'])
  const foreign = names.find((name) => !allowedNames.has(name) && !known.has(name))
  if (foreign !== undefined) {
    throw new RepositoryError(
      'REPOSITORY_EXISTS',
      `Cannot make a repository in "${location}": the folder holds "${foreign}"`,
      { remedy: 'Choose an empty folder with --repo' },
    )
  }
  await refuseOrphans(storage)
}

async function refuseConfig(storage: Storage): Promise<void> {
  if (await isThere(storage, 'config')) throw existsError(storage.location)
}

function existsError(location: string): RepositoryError {
  return new RepositoryError(
    'REPOSITORY_EXISTS',
    `Cannot make a repository in "${location}": there is one already`,
    { remedy: 'Use it as it is, or choose another place with --repo' },
  )
}

/** A repository whose config is lost can be read again once it is found; a new one in its place would remove its packs as garbage. */
async function refuseOrphans(storage: Storage): Promise<void> {
  for (const folder of ['packs', 'index', 'snapshots', 'journal'] as const) {
    const [name] = await storage.listNames(folder)
    if (name === undefined) continue
    throw new RepositoryError(
      'REPOSITORY_EXISTS',
      `Cannot make a repository in "${storage.location}": it holds "${name}" of one that has lost its config`,
      { remedy: 'Bring its file config back from a copy, or choose an empty folder with --repo' },
    )
  }
}
