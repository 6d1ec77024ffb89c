import { RepositoryError } from '../../foundation/errors.ts'
import type { Repository } from '../repository.ts'

/** An object that the storage failed to give: nothing is known about it, least of all that it is damaged. */
export interface UnreadObject {
  readonly name: string
  readonly message: string
}

/**
 * Keeps a check going over single objects that cannot be read (a bad sector, a server that fails for one request), and ends it when the
 * storage as a whole has gone.
 */
export class StorageFaults {
  readonly #repository: Repository
  readonly unread: UnreadObject[] = []

  constructor(repository: Repository) {
    this.#repository = repository
  }

  /** @throws what was given, when it is no fault of the storage or the storage gives nothing else either */
  async note(name: string, error: unknown): Promise<void> {
    if (!(error instanceof RepositoryError) || error.code !== 'STORAGE_FAILED') throw error
    try {
      await this.#repository.storage.get('config')
    } catch {
      throw error
    }
    if (this.unread.some((known) => known.name === name)) return
    this.unread.push({ name, message: error.message })
  }
}
