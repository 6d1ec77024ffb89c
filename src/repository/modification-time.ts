import type { Storage } from '../storage/storage.ts'
import { isMissing } from './loss.ts'

/** When an object came into the storage, by the storage's clock; undefined when it is not there. */
export async function modificationTimeMs(
  storage: Storage,
  name: string,
): Promise<number | undefined> {
  try {
    return (await storage.stat(name)).modifiedAtMs
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

/** @throws {RepositoryError} when the storage cannot tell */
export async function isThere(storage: Storage, name: string): Promise<boolean> {
  return (await modificationTimeMs(storage, name)) !== undefined
}
