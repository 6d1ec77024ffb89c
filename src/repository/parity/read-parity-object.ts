import { readParityPrefix, type ParityPrefix } from '../../format/parity/parity-head.ts'
import type { Repository } from '../repository.ts'
import { parityExpectationOf } from './absorb-parity.ts'

/**
 * Reads what a parity object says of its group, checksums included, and not its shard.
 *
 * @throws {RepositoryError} when it is no parity object of this repository, or is damaged at both ends
 */
export async function readParityObject(
  repository: Repository,
  name: string,
): Promise<ParityPrefix> {
  const { bytes } = await repository.storage.stat(name)
  return await readParityPrefix(
    (offset, lengthBytes) => repository.storage.getRange(name, offset, lengthBytes),
    bytes,
    parityExpectationOf(repository),
  )
}
