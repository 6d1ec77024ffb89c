import type { Storage } from '../storage/storage.ts'
import { compareNames } from './compare-names.ts'
import { isMissing } from './loss.ts'
import { readAhead } from './read-ahead.ts'
import type { Repository } from './repository.ts'

/**
 * A store's listing may lag behind, or leave something out: what is known and was not listed is asked for by its name. On a disk a listing is all
 * there is to ask.
 *
 * @returns lengths of those that are there, by their names
 */
export async function unlistedObjects(
  storage: Storage,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const there = new Map<string, number>()
  if (!storage.capabilities.isRemote) return there
  await readAhead(
    storage,
    names,
    (name) => storage.stat(name),
    async (name, status) => {
      try {
        there.set(name, (await status).bytes)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
  )
  return there
}

/** Index objects in the order of their names: those that are listed, and those that the catalogue knows and that are there all the same. */
export async function listIndexNames({ storage, catalogue }: Repository): Promise<string[]> {
  const known = catalogue.namesInOrder('index')
  const listed = await storage.listNames('index')
  const unlisted = await unlistedObjects(storage, compareNames(known, listed).gone)
  return unlisted.size === 0 ? listed : [...listed, ...unlisted.keys()].sort()
}
