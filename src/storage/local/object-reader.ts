import { constants, fstatSync, openSync, closeSync, readSync, statSync } from 'node:fs'
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { assertRange, damagedError, errorCodeOf, missingError, storageError } from '../errors.ts'
import { assertObjectFolder, assertObjectName, objectFiles } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import type { ObjectStatus, StoredObject } from '../storage.ts'
import { DescriptorCache } from './descriptor-cache.ts'

/**
 * Enough for the packs that one restore batch touches, far below the usual limit of 1,024 open
 * files.
 */
const openDescriptorsMax = 32
/**
 * Stats in flight while listing; the thread pool has four threads, more would only wait in memory.
 */
const listingBatch = 64

// A symbolic link is never an object, and a fifo planted under an object's name must not block the
// open.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * @throws {RepositoryError} `STORAGE_FAILED` when the folder itself has gone: its disk was
 * unmounted or unplugged.
 */
export function assertReachable(location: string): void {
  try {
    statSync(location)
  } catch (error) {
    throw storageError({ action: 'reach', path: location, cause: error })
  }
}

/** The reading half of the local storage. */
export class ObjectReader {
  readonly #location: string
  readonly #descriptors: DescriptorCache

  constructor(location: string) {
    this.#location = location
    this.#descriptors = new DescriptorCache(openDescriptorsMax, (name) => this.#openSync(name))
  }

  async get(name: string, bytesMax: number): Promise<Buffer> {
    return this.#withObject(name, async (handle, bytes) => {
      if (bytes > bytesMax) {
        throw damagedError(
          this.#location,
          name,
          `it has ${bytes} bytes, more than the ${bytesMax} allowed`,
        )
      }
      return this.#readExactly(handle, { name, offsetBytes: 0, lengthBytes: bytes })
    })
  }

  async getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    assertRange(offsetBytes, lengthBytes)
    return this.#withObject(name, async (handle, bytes) => {
      // Checked before the buffer is made, so that a wrong length cannot ask for gigabytes.
      if (offsetBytes + lengthBytes > bytes) throw this.#endsEarly(name, bytes)
      return this.#readExactly(handle, { name, offsetBytes, lengthBytes })
    })
  }

  async stat(name: string): Promise<ObjectStatus> {
    return this.#withObject(name, (_handle, bytes, modifiedAtMs) =>
      Promise.resolve({ bytes, modifiedAtMs }),
    )
  }

  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    assertRange(offsetBytes, target.length)
    let done = 0
    try {
      const descriptor = this.#descriptors.get(name)
      while (done < target.length) {
        const bytesRead = readSync(
          descriptor,
          target,
          done,
          target.length - done,
          offsetBytes + done,
        )
        if (bytesRead === 0) throw this.#endsEarly(name, offsetBytes + done)
        done += bytesRead
      }
    } catch (error) {
      throw this.#readError(name, error)
    }
  }

  async list(folder: ObjectFolder): Promise<StoredObject[]> {
    const names = await this.listNames(folder)
    const objects: StoredObject[] = []
    for (let start = 0; start < names.length; start += listingBatch) {
      const batch = names.slice(start, start + listingBatch)
      for (const object of await Promise.all(batch.map((name) => this.#statObject(name)))) {
        // Deleted by another process since its name was read.
        if (object !== undefined) objects.push(object)
      }
    }
    return objects
  }

  async listNames(folder: ObjectFolder): Promise<string[]> {
    assertObjectFolder(folder)
    try {
      const names = await readdir(join(this.#location, folder))
      return objectFiles(folder, names)
        .sort()
        .map((name) => `${folder}/${name}`)
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') {
        throw storageError({ action: 'list', path: join(this.#location, folder), cause: error })
      }
      // A copy made without its empty folders is whole; a storage that has gone must never look
      // like an empty one.
      assertReachable(this.#location)
      return []
    }
  }

  /** Forgets an open file, so that a deleted object's space is given back. */
  drop(name: string): void {
    this.#descriptors.drop(name)
  }

  close(): void {
    this.#descriptors.close()
  }

  async #withObject<T>(
    name: string,
    use: (handle: FileHandle, bytes: number, modifiedAtMs: number) => Promise<T>,
  ): Promise<T> {
    assertObjectName(name)
    try {
      const handle = await open(join(this.#location, name), readFlags)
      try {
        const status = await handle.stat()
        if (!status.isFile()) throw damagedError(this.#location, name, 'it is not a regular file')
        return await use(handle, status.size, Math.floor(status.mtimeMs))
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw this.#readError(name, error)
    }
  }

  async #readExactly(
    handle: FileHandle,
    range: { name: string; offsetBytes: number; lengthBytes: number },
  ): Promise<Buffer> {
    const target = Buffer.allocUnsafe(range.lengthBytes)
    let done = 0
    while (done < target.length) {
      const { bytesRead } = await handle.read(
        target,
        done,
        target.length - done,
        range.offsetBytes + done,
      )
      if (bytesRead === 0) throw this.#endsEarly(range.name, range.offsetBytes + done)
      done += bytesRead
    }
    return target
  }

  #openSync(name: string): number {
    assertObjectName(name)
    const descriptor = openSync(join(this.#location, name), readFlags)
    try {
      if (fstatSync(descriptor).isFile()) return descriptor
      throw damagedError(this.#location, name, 'it is not a regular file')
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  async #statObject(name: string): Promise<StoredObject | undefined> {
    const path = join(this.#location, name)
    try {
      return { name, bytes: (await lstat(path)).size }
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return undefined
      throw storageError({ action: 'list', path, cause: error })
    }
  }

  #endsEarly(name: string, bytes: number): Error {
    return damagedError(this.#location, name, `it ends after ${bytes} bytes`)
  }

  #readError(name: string, cause: unknown): Error {
    const code = errorCodeOf(cause)
    // A missing object is a fault of the repository, a missing folder one of the storage: nothing
    // is lost then.
    if (code === 'ENOENT') {
      assertReachable(this.#location)
      return missingError(this.#location, name, cause)
    }
    if (code === 'ELOOP') return damagedError(this.#location, name, 'it is a symbolic link')
    return storageError({ action: 'read', path: join(this.#location, name), cause })
  }
}
