import { readFile, unlink } from 'node:fs/promises'

import {
  assertRange,
  damagedError,
  missingError,
  ObjectConflictError,
  storageError,
} from '../errors.ts'
import { assertObjectFolder, assertObjectName } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import { getBytesMax } from '../storage.ts'
import type { Storage, StorageCapabilities, StoredObject } from '../storage.ts'

/**
 * Objects in the memory of this process: for tests, and for repositories that need not outlive it.
 */
export class MemoryStorage implements Storage {
  readonly location = 'memory:'
  readonly capabilities: StorageCapabilities = {
    kind: 'memory',
    writable: true,
    opensInWorkers: false,
    syncsNames: true,
  }
  readonly #objects = new Map<string, Buffer>()

  async prepare(): Promise<void> {}

  async get(name: string, bytesMax: number = getBytesMax): Promise<Buffer> {
    const bytes = this.#object(name)
    if (bytes.length > bytesMax) {
      throw damagedError(
        this.location,
        name,
        `it has ${bytes.length} bytes, more than the ${bytesMax} allowed`,
      )
    }
    return Buffer.from(bytes)
  }

  async getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    assertRange(offsetBytes, lengthBytes)
    const bytes = this.#object(name)
    const endBytes = offsetBytes + lengthBytes
    if (endBytes > bytes.length)
      throw damagedError(this.location, name, `it ends after ${bytes.length} bytes`)
    return Buffer.from(bytes.subarray(offsetBytes, endBytes))
  }

  async size(name: string): Promise<number> {
    return this.#object(name).length
  }

  async put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertObjectName(name)
    // Copied, because the caller may reuse its buffers at once.
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes)
    const existing = this.#objects.get(name)
    if (existing !== undefined && !existing.equals(copy))
      throw new ObjectConflictError(this.location, name)
    this.#objects.set(name, copy)
  }

  async putFile(name: string, localPath: string): Promise<void> {
    assertObjectName(name)
    try {
      await this.put(name, await readFile(localPath))
      await unlink(localPath)
    } catch (error) {
      throw storageError({ action: 'take over', path: localPath, cause: error })
    }
  }

  async delete(name: string): Promise<void> {
    assertObjectName(name)
    this.#objects.delete(name)
  }

  async list(folder: ObjectFolder): Promise<StoredObject[]> {
    const names = await this.listNames(folder)
    return names.map((name) => ({ name, bytes: this.#object(name).length }))
  }

  async listNames(folder: ObjectFolder): Promise<string[]> {
    assertObjectFolder(folder)
    return [...this.#objects.keys()].filter((name) => name.startsWith(`${folder}/`)).sort()
  }

  async sync(folder: ObjectFolder): Promise<void> {
    assertObjectFolder(folder)
  }

  async close(): Promise<void> {}

  #object(name: string): Buffer {
    assertObjectName(name)
    const bytes = this.#objects.get(name)
    if (bytes === undefined) throw missingError(this.location, name)
    return bytes
  }
}
