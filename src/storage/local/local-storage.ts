import { resolve } from 'node:path'

import { assertObjectName } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import { getBytesMax } from '../storage.ts'
import type { Storage, StorageCapabilities, StoredObject } from '../storage.ts'
import { ObjectReader } from './object-reader.ts'
import { ObjectWriter } from './object-writer.ts'
import type { SweptTemporaries, TemporaryFile } from './temporary-files.ts'

export type { SweptTemporaries, TemporaryFile } from './temporary-files.ts'

/**
 * Opens a folder as a storage without touching the disk, so that worker threads can do it too.
 *
 * @param location Path of the repository's folder; it need not exist before `prepare`.
 */
export function openLocal(location: string): LocalStorage {
  return new LocalStorage(resolve(location))
}

/**
 * Objects as files of a folder. A put is: write under `tmp/`, `fsync`, link without replacing,
 * `fsync` of the folder (docs/FORMAT.md, section 2). Folders have mode 0700 and files 0600 whatever
 * the umask. After one failed `fsync` every later write is refused with that first error.
 */
export class LocalStorage implements Storage {
  readonly location: string
  readonly #reader: ObjectReader
  readonly #writer: ObjectWriter

  constructor(location: string) {
    this.location = location
    this.#reader = new ObjectReader(location)
    this.#writer = new ObjectWriter(location)
  }

  get capabilities(): StorageCapabilities {
    return {
      kind: 'local',
      writable: true,
      opensInWorkers: true,
      syncsNames: this.#writer.syncsNames,
    }
  }

  prepare(): Promise<void> {
    return this.#writer.prepare()
  }

  get(name: string, bytesMax: number = getBytesMax): Promise<Buffer> {
    return this.#reader.get(name, bytesMax)
  }

  getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return this.#reader.getRange(name, offsetBytes, lengthBytes)
  }

  size(name: string): Promise<number> {
    return this.#reader.size(name)
  }

  put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#writer.put(name, bytes instanceof Uint8Array ? [bytes] : bytes)
  }

  putFile(name: string, localPath: string): Promise<void> {
    return this.#writer.putFile(name, localPath)
  }

  async delete(name: string): Promise<void> {
    assertObjectName(name)
    this.#reader.drop(name)
    await this.#writer.delete(name)
  }

  list(folder: ObjectFolder): Promise<StoredObject[]> {
    return this.#reader.list(folder)
  }

  listNames(folder: ObjectFolder): Promise<string[]> {
    return this.#reader.listNames(folder)
  }

  sync(folder: ObjectFolder): Promise<void> {
    return this.#writer.sync(folder)
  }

  async close(): Promise<void> {
    this.#reader.close()
  }

  /**
   * Fills `target` with the bytes from `offsetBytes`, through a small cache of open files. Blocks
   * the thread: for workers.
   *
   * @throws {RepositoryError} as `getRange` rejects.
   */
  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    this.#reader.readRangeSync(name, offsetBytes, target)
  }

  /** A new path under `tmp/` that nobody else will use. */
  temporaryPath(): string {
    return this.#writer.temporaries.path()
  }

  /**
   * Creates an empty file under `tmp/`, open for reading and writing. Blocks the thread: for
   * workers.
   */
  createTemporarySync(): TemporaryFile {
    this.#writer.assertWritable()
    return this.#writer.temporaries.createSync()
  }

  /** Closes and removes an unfinished file; harmless after `publish`. Never throws. */
  discardSync(file: TemporaryFile): void {
    this.#writer.temporaries.discardSync(file)
  }

  /**
   * Syncs a finished file, closes its descriptor and gives it its name without replacing anything.
   * The `fsync` runs in the thread pool, so that the caller can fill the next pack meanwhile.
   * Durable once a later `sync` of the folder has resolved. Equal bytes under the name are success,
   * different ones an `ObjectConflictError`; the file is gone from `tmp/` either way.
   */
  publish(file: TemporaryFile, name: string): Promise<void> {
    return this.#writer.publish(file, name)
  }

  /**
   * Removes files under `tmp/` that were last written more than `olderThanMs` ago. Whoever calls it
   * holds a lock, or chooses a time longer than any writer keeps a file unfinished.
   */
  sweepTemporary(olderThanMs: number, nowMs: number = Date.now()): Promise<SweptTemporaries> {
    return this.#writer.temporaries.sweep(olderThanMs, nowMs)
  }
}
