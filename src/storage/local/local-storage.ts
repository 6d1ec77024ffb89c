import { join, resolve } from 'node:path'

import { assertContentNamed, assertObjectName, objectFolders } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import type { PackStorage, SweptTemporaries } from '../pack-storage.ts'
import { getBytesMax } from '../storage.ts'
import type { ObjectStatus, PutGuard, StorageCapabilities, StoredObject } from '../storage.ts'
import { isNetworkFolder } from './network-folder.ts'
import { ObjectReader } from './object-reader.ts'
import { ObjectWriter } from './object-writer.ts'
import { temporaryFolder, type LocalTemporaryFile } from './temporary-files.ts'

export type { LocalTemporaryFile } from './temporary-files.ts'

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
export class LocalStorage implements PackStorage {
  readonly location: string
  readonly versions = null
  readonly #reader: ObjectReader
  readonly #writer: ObjectWriter
  #isNetworkFolder: boolean | undefined

  constructor(location: string) {
    this.location = location
    this.#reader = new ObjectReader(location)
    this.#writer = new ObjectWriter(location)
  }

  get capabilities(): StorageCapabilities {
    return {
      kind: 'local',
      writable: true,
      verifiesPuts: false,
      isRemote: false,
      isNetworkFolder: (this.#isNetworkFolder ??= isNetworkFolder(this.location)),
      opensInWorkers: true,
      syncsNames: this.#writer.syncsNames,
    }
  }

  localFolders(): string[] {
    const inside = [...objectFolders, temporaryFolder]
    return [this.location, ...inside.map((name) => join(this.location, name))]
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

  stat(name: string): Promise<ObjectStatus> {
    return this.#reader.stat(name)
  }

  put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#writer.put(name, bytes instanceof Uint8Array ? [bytes] : bytes)
  }

  async replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertContentNamed(name)
    this.#reader.drop(name)
    await this.#writer.replace(name, bytes instanceof Uint8Array ? [bytes] : bytes)
  }

  putFile(name: string, localPath: string): Promise<void> {
    return this.#writer.putFile(name, localPath)
  }

  /** One name has one link. */
  async probePuts(): Promise<PutGuard> {
    return 'atomic'
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

  /** Through a small cache of open files. */
  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    this.#reader.readRangeSync(name, offsetBytes, target)
  }

  /** Nothing is far away. */
  expectRanges(): void {}

  /** It is near. */
  keepNear(): void {}

  /** Nothing is kept. */
  distrustSync(): void {}

  /** A new path under `tmp/` that nobody else will use. */
  temporaryPath(): string {
    return this.#writer.temporaries.path()
  }

  createTemporarySync(): LocalTemporaryFile {
    this.#writer.assertWritable()
    return this.#writer.temporaries.createSync()
  }

  writeTemporarySync(file: LocalTemporaryFile, bytes: Uint8Array, offsetBytes: number): void {
    this.#writer.temporaries.writeSync(file, bytes, offsetBytes)
  }

  readTemporarySync(file: LocalTemporaryFile, target: Uint8Array, offsetBytes: number): number {
    return this.#writer.temporaries.readSync(file, target, offsetBytes)
  }

  discardSync(file: LocalTemporaryFile): void {
    this.#writer.temporaries.discardSync(file)
  }

  /**
   * The `fsync` runs in the thread pool, so that the caller can fill the next pack meanwhile; the
   * descriptor is closed afterwards.
   */
  publish(file: LocalTemporaryFile, name: string): Promise<void> {
    return this.#writer.publish(file, name)
  }

  async countRequests(): Promise<null> {
    return null
  }

  countTemporary(): Promise<SweptTemporaries> {
    return this.#writer.temporaries.count()
  }

  sweepTemporary(olderThanMs: number, nowMs: number = Date.now()): Promise<SweptTemporaries> {
    return this.#writer.temporaries.sweep(olderThanMs, nowMs)
  }
}
