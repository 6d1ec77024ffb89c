import type { ObjectRange } from '../storage/object-range.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import type { Storage } from '../storage/storage.ts'
import { isDamage } from './loss.ts'

type Distrusting = Pick<PackStorage, 'distrustSync'>

/**
 * Reads what can be proved, and once more when it proves wrong: a bit that was flipped on the way, or a store that answers with something else
 * now and then, is not damage. The second reading is of the storage itself, whatever is kept near.
 *
 * @param read reads, and throws when the bytes are not what was stored
 * @throws {RepositoryError} what the second reading ended with
 */
export function readProvedSync<Result>(
  storage: Distrusting,
  range: ObjectRange,
  read: () => Result,
): Result {
  try {
    return read()
  } catch (error) {
    if (!isDamage(error)) throw error
    storage.distrustSync(range)
  }
  return read()
}

/** As `readProvedSync`, of objects that are read as a whole, or in several parts of which nobody can tell which one was wrong. */
export async function readProved<Result>(
  storage: Storage & Partial<Distrusting>,
  name: string,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (!isDamage(error)) throw error
    storage.distrustSync?.({ name, offsetBytes: 0, lengthBytes: Number.MAX_SAFE_INTEGER })
  }
  return await read()
}
