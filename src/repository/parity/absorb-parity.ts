import { readParityDescription, type ParityExpectation } from '../../format/parity/parity-head.ts'
import type { ObjectId } from '../../model/ids.ts'
import type { Repository } from '../repository.ts'

export function parityExpectationOf({ context }: Repository): ParityExpectation {
  return { repositoryId: Buffer.from(context.repositoryId), sealed: context.sealed }
}

/**
 * Enters a parity object into the catalogue. Reads its description only.
 *
 * @throws {RepositoryError} when it is no parity object of this repository, or is damaged at both ends
 */
export async function absorbParity(repository: Repository, id: ObjectId): Promise<void> {
  const { storage, catalogue } = repository
  const name = `parity/${id}`
  const { bytes } = await storage.stat(name)
  const description = await readParityDescription(
    (offset, lengthBytes) => storage.getRange(name, offset, lengthBytes),
    bytes,
    parityExpectationOf(repository),
  )
  catalogue.parity.add({ ...description, id })
}
