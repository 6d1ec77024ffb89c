import { RepositoryError } from '../../foundation/errors.ts'
import type { ObjectFolder } from '../object-name.ts'
import type {
  ObjectStatus,
  PutGuard,
  Storage,
  StorageCapabilities,
  StoredObject,
} from '../storage.ts'

/**
 * Passes reads on and refuses every write with `STORAGE_FAILED`: for repositories opened with
 * `--read-only`.
 */
export class ReadOnlyStorage implements Storage {
  readonly #storage: Storage
  readonly versions = null

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get location(): string {
    return this.#storage.location
  }

  get capabilities(): StorageCapabilities {
    return { ...this.#storage.capabilities, writable: false }
  }

  localFolders(): readonly string[] {
    return this.#storage.localFolders()
  }

  async prepare(): Promise<void> {
    throw this.#refusal('create the folders of', this.location)
  }

  get(name: string, bytesMax?: number): Promise<Buffer> {
    return this.#storage.get(name, bytesMax)
  }

  getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return this.#storage.getRange(name, offsetBytes, lengthBytes)
  }

  stat(name: string): Promise<ObjectStatus> {
    return this.#storage.stat(name)
  }

  async put(name: string, _bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    throw this.#refusal('write', name)
  }

  async replace(name: string, _bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    throw this.#refusal('replace', name)
  }

  async putFile(name: string, _localPath: string): Promise<void> {
    throw this.#refusal('write', name)
  }

  async probePuts(): Promise<PutGuard> {
    throw this.#refusal('try to write to', this.location)
  }

  async delete(name: string): Promise<void> {
    throw this.#refusal('delete', name)
  }

  list(folder: ObjectFolder): Promise<StoredObject[]> {
    return this.#storage.list(folder)
  }

  listNames(folder: ObjectFolder): Promise<string[]> {
    return this.#storage.listNames(folder)
  }

  async sync(folder: ObjectFolder): Promise<void> {
    throw this.#refusal('sync', folder)
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  #refusal(action: string, name: string): RepositoryError {
    return new RepositoryError(
      'STORAGE_FAILED',
      `Cannot ${action} "${name}": the storage was opened for reading only`,
      {
        remedy: 'Run the command without `--read-only`',
        facts: { location: this.location, name },
      },
    )
  }
}
