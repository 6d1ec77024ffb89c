import type { ParitySetting } from '../../model/parity-setting.ts'
import { lockRepository } from '../lock-repository.ts'
import type { LockKind } from '../locks.ts'
import type { Repository } from '../repository.ts'
import { findDamagedParity } from './find-damaged-parity.ts'
import { checkParitySetting, readParitySetting, writeParitySetting } from './parity-setting.ts'
import { tellingParityFaults } from './telling-parity-faults.ts'
import {
  removeAllParity,
  updateParity,
  type ParityOptions,
  type ParityUpdateResult,
} from './update-parity.ts'

/** Keeps away whatever removes packs, and other updates. */
const lockKind: LockKind = 'maintenance'

export interface ParityRunOptions extends ParityOptions {
  /** Read all parity objects, and make those again that are damaged. */
  readonly readData?: boolean
}

/**
 * Brings parity up with the packs and the setting (`updateParity`).
 *
 * @throws {RepositoryError} `REPOSITORY_LOCKED`, or a fault of the storage
 */
export async function runParityUpdate(
  repository: Repository,
  options: ParityRunOptions = {},
): Promise<ParityUpdateResult> {
  const { lock, condemned } = await lockRepository(repository, lockKind, 'parity update')
  try {
    const damaged =
      options.readData === true ? await findDamagedParity(repository, options) : undefined
    const leaving = condemned.packIds
    return await updateParity(repository, {
      ...options,
      lock,
      leaving,
      ...(damaged && { damaged }),
    })
  } finally {
    await lock.release()
  }
}

/**
 * Switches parity on, over or off (null), durably, and brings it up with that. Cut off after the first, the next update does the second.
 *
 * @throws {HoldfastError} `USAGE` for a setting out of bounds
 */
export async function setParity(
  repository: Repository,
  setting: ParitySetting | null,
  options: ParityOptions = {},
): Promise<ParityUpdateResult> {
  if (setting) checkParitySetting(setting)
  const { lock, condemned } = await lockRepository(repository, lockKind, 'parity set')
  try {
    if (!isSame(readParitySetting(repository), setting)) {
      await writeParitySetting(repository, setting)
    }
    const done = await updateParity(repository, { ...options, lock, leaving: condemned.packIds })
    if (setting !== null) return done
    return { ...done, objectsRemoved: await removeAllParity(repository, lock) }
  } finally {
    await lock.release()
  }
}

/**
 * For the end of a backup: what it stored is protected when parity is on. The backup is durable already, so whatever goes wrong here is
 * told and left to the next update.
 *
 * @returns null when nothing was done
 */
export async function followWithParity(
  repository: Repository,
  options: ParityOptions,
): Promise<ParityUpdateResult | null> {
  const result = await tellingParityFaults(options, async () =>
    readParitySetting(repository) === null ? null : await runParityUpdate(repository, options),
  )
  return result ?? null
}

function isSame(one: ParitySetting | null, other: ParitySetting | null): boolean {
  return one?.dataPacks === other?.dataPacks && one?.parityPacks === other?.parityPacks
}
