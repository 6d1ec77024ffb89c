import { readFile, unlink } from 'node:fs/promises'

import {
  assertRange,
  damagedError,
  missingError,
  ObjectConflictError,
  storageError,
} from '../errors.ts'
import { assertContentNamed, assertObjectFolder, assertObjectName } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import type { PackStorage, SweptTemporaries, TemporaryFile } from '../pack-storage.ts'
import { getBytesMax } from '../storage.ts'
import type { ObjectStatus, PutGuard, StorageCapabilities, StoredObject } from '../storage.ts'

/**
 * Objects in the memory of this process: for tests, and for repositories that need not outlive it.
 */
export class MemoryStorage implements PackStorage {
  readonly location: string
  readonly versions = null
  readonly capabilities: StorageCapabilities = {
    kind: 'memory',
    writable: true,
    verifiesPuts: false,
    isNetworkFolder: false,
    isRemote: false,
    opensInWorkers: false,
    syncsNames: true,
  }
  readonly #objects = new Map<string, Buffer>()
  readonly #modifiedAtMs = new Map<string, number>()
  readonly #unfinished = new Map<TemporaryFile, Buffer>()

  constructor(location: string = 'memory:') {
    this.location = location
  }

  localFolders(): string[] {
    return []
  }

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
    return Buffer.from(this.#range(name, offsetBytes, lengthBytes))
  }

  async stat(name: string): Promise<ObjectStatus> {
    const { length } = this.#object(name)
    return { bytes: length, modifiedAtMs: this.#modifiedAtMs.get(name) ?? 0 }
  }

  async put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertObjectName(name)
    // Copied, because the caller may reuse its buffers at once.
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes)
    const existing = this.#objects.get(name)
    if (existing !== undefined && !existing.equals(copy))
      throw new ObjectConflictError(this.location, name)
    if (existing === undefined) this.#set(name, copy)
  }

  async replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    assertContentNamed(name)
    this.#set(name, bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes))
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

  /** Nobody comes in between. */
  async probePuts(): Promise<PutGuard> {
    return 'atomic'
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

  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    target.set(this.#range(name, offsetBytes, target.length))
  }

  /** Nothing is far away. */
  expectRanges(): void {}

  /** It is near. */
  keepNear(): void {}

  /** Nothing is kept. */
  distrustSync(): void {}

  createTemporarySync(): TemporaryFile {
    const file = { path: `${this.location} unfinished` }
    this.#unfinished.set(file, Buffer.alloc(0))
    return file
  }

  writeTemporarySync(file: TemporaryFile, bytes: Uint8Array, offsetBytes: number): void {
    const before = this.#unfinished.get(file) ?? Buffer.alloc(0)
    const after = Buffer.alloc(Math.max(before.length, offsetBytes + bytes.length))
    after.set(before)
    after.set(bytes, offsetBytes)
    this.#unfinished.set(file, after)
  }

  readTemporarySync(file: TemporaryFile, target: Uint8Array, offsetBytes: number): number {
    const bytes = this.#unfinished.get(file)?.subarray(offsetBytes, offsetBytes + target.length)
    target.set(bytes ?? [])
    return bytes?.length ?? 0
  }

  discardSync(file: TemporaryFile): void {
    this.#unfinished.delete(file)
  }

  async publish(file: TemporaryFile, name: string): Promise<void> {
    const bytes = this.#unfinished.get(file) ?? Buffer.alloc(0)
    this.#unfinished.delete(file)
    await this.put(name, bytes)
  }

  async countRequests(): Promise<null> {
    return null
  }

  async countTemporary(): Promise<SweptTemporaries> {
    const sizes = [...this.#unfinished.values()].map(({ length }) => length)
    return { files: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) }
  }

  /** Unfinished objects end with this process, which still needs those that there are. */
  async sweepTemporary(): Promise<SweptTemporaries> {
    return { files: 0, bytes: 0 }
  }

  #set(name: string, bytes: Buffer): void {
    this.#objects.set(name, bytes)
    this.#modifiedAtMs.set(name, Date.now())
  }

  #range(name: string, offsetBytes: number, lengthBytes: number): Buffer {
    assertRange(offsetBytes, lengthBytes)
    const bytes = this.#object(name)
    const endBytes = offsetBytes + lengthBytes
    if (endBytes > bytes.length)
      throw damagedError(this.location, name, `it ends after ${bytes.length} bytes`)
    return bytes.subarray(offsetBytes, endBytes)
  }

  #object(name: string): Buffer {
    assertObjectName(name)
    const bytes = this.#objects.get(name)
    if (bytes === undefined) throw missingError(this.location, name)
    return bytes
  }
}
