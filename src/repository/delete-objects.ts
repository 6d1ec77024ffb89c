import type { Storage } from '../storage/storage.ts'
import { readAhead } from './read-ahead.ts'

/**
 * Deletes objects, in a storage that is far away several at once.
 *
 * @throws {RepositoryError} of the first that could not be deleted
 */
export async function deleteObjects(storage: Storage, names: readonly string[]): Promise<void> {
  const remove = (name: string): Promise<void> => storage.delete(name)
  await readAhead(storage, names, remove, (_name, removed) => removed)
}
