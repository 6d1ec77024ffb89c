import {
  damagedError,
  missingError,
  ObjectConflictError,
  storageError,
} from '../../src/storage/errors.ts'
import type { ObjectFolder } from '../../src/storage/object-name.ts'
import type {
  PackStorage,
  SweptTemporaries,
  TemporaryFile,
} from '../../src/storage/pack-storage.ts'
import type { ObjectStatus, StorageCapabilities, StoredObject } from '../../src/storage/storage.ts'
import type { Random } from './random.ts'
import type { SimProcess, WorldTime } from './sim-process.ts'

export interface SimObject {
  readonly bytes: Buffer
  readonly modifiedAtMs: number
  readonly by: SimProcess
  /** Whether a power cut leaves it. */
  isDurable: boolean
}

interface Listing {
  readonly folder: string
  /** Names that came or went while the listing went on. */
  readonly changed: Set<string>
}

/** How often things go wrong in one schedule, as probabilities for each call. */
export interface StorageMoods {
  /** Fails, before or after it was done. */
  fault: number
  /** Is done in several steps, between which others work. */
  readonly split: number
  /** Whether it says of itself that it is far away. */
  readonly isRemote: boolean
}

/** Told of everything that happens, for the oracle. */
export interface StorageWatcher {
  onPut(name: string, object: SimObject): void
  onGone(name: string, object: SimObject, by: SimProcess, objects: SimObjects): void
}

const folderOf = (name: string): string => name.slice(0, name.indexOf('/'))

/**
 * The objects of one repository, shared by all processes of a schedule. A put is durable when it resolves, a published pack and a
 * deletion after the next sync of their folder, and all of it may be done in steps, as the local storage does it: written (its time of
 * modification), named, synced.
 */
export class SimObjects {
  readonly time: WorldTime
  readonly random: Random
  readonly moods: StorageMoods
  readonly objects = new Map<string, SimObject>()
  /** Deletions that a power cut may undo. */
  readonly unsyncedDeletions = new Map<string, SimObject>()
  readonly watcher: StorageWatcher
  readonly #listings = new Set<Listing>()

  constructor(time: WorldTime, random: Random, moods: StorageMoods, watcher: StorageWatcher) {
    this.time = time
    this.random = random
    this.moods = moods
    this.watcher = watcher
  }

  names(folder: string): string[] {
    const prefix = `${folder}/`
    const names: string[] = []
    for (const name of this.objects.keys()) if (name.startsWith(prefix)) names.push(name)
    return names.sort()
  }

  set(name: string, object: SimObject): void {
    this.objects.set(name, object)
    this.unsyncedDeletions.delete(name)
    this.watcher.onPut(name, object)
    this.#noteChange(name)
  }

  delete(name: string, by: SimProcess): void {
    const object = this.objects.get(name)
    if (!object) return
    this.objects.delete(name)
    if (object.isDurable) this.unsyncedDeletions.set(name, object)
    this.#noteChange(name)
    this.watcher.onGone(name, object, by, this)
  }

  sync(folder: string): void {
    for (const name of this.unsyncedDeletions.keys()) {
      if (folderOf(name) === folder) this.unsyncedDeletions.delete(name)
    }
    for (const [name, object] of this.objects) {
      if (!object.isDurable && folderOf(name) === folder) object.isDurable = true
    }
  }

  /** The lights go out: of all that was not synced, each may have happened or not. */
  cutPower(): void {
    for (const [name, object] of this.objects) {
      if (object.isDurable) continue
      if (this.random.chance(0.5)) this.objects.delete(name)
      else object.isDurable = true
    }
    for (const [name, object] of this.unsyncedDeletions) {
      if (!this.objects.has(name) && this.random.chance(0.5)) this.objects.set(name, object)
    }
    this.unsyncedDeletions.clear()
  }

  beginListing(folder: string): Listing {
    const listing = { folder, changed: new Set<string>() }
    this.#listings.add(listing)
    return listing
  }

  /** What came or went during a listing is in it or not, each for itself. */
  endListing(listing: Listing, before: readonly string[]): string[] {
    this.#listings.delete(listing)
    const { changed } = listing
    if (changed.size === 0) return this.names(listing.folder)
    const names = new Set(before)
    for (const name of changed) {
      if (this.random.chance(0.5)) names.add(name)
      else names.delete(name)
    }
    return [...names].sort()
  }

  #noteChange(name: string): void {
    if (this.#listings.size === 0) return
    const folder = folderOf(name)
    for (const listing of this.#listings) if (listing.folder === folder) listing.changed.add(name)
  }
}

interface SimTemporary extends TemporaryFile {
  parts: Buffer[]
}

const capabilities: StorageCapabilities = {
  kind: 'memory',
  writable: true,
  verifiesPuts: false,
  isNetworkFolder: false,
  isRemote: false,
  opensInWorkers: false,
  syncsNames: true,
}

/** What one process sees of the objects. */
export class SimStorage implements PackStorage {
  readonly location: string
  readonly versions = null
  readonly capabilities: StorageCapabilities
  readonly #objects: SimObjects
  readonly #process: SimProcess

  constructor(location: string, objects: SimObjects, process: SimProcess) {
    this.location = location
    this.capabilities = { ...capabilities, isRemote: objects.moods.isRemote }
    this.#objects = objects
    this.#process = process
  }

  localFolders(): string[] {
    return []
  }

  async prepare(): Promise<void> {}

  async probePuts(): Promise<'atomic'> {
    return 'atomic'
  }

  expectRanges(): void {}

  keepNear(): void {}

  get(name: string): Promise<Buffer> {
    return this.#call(`get ${name}`, [() => this.#object(name).bytes])
  }

  getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    return this.#call(`getRange ${name}`, [() => this.#range(name, offsetBytes, lengthBytes)])
  }

  stat(name: string): Promise<ObjectStatus> {
    return this.#call(`stat ${name}`, [
      () => {
        const { bytes, modifiedAtMs } = this.#object(name)
        return { bytes: bytes.length, modifiedAtMs }
      },
    ])
  }

  put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes)
    let object: SimObject
    return this.#call(`put ${name}`, [
      () => {
        object = this.#newObject(copy)
      },
      () => {
        object = this.#name(name, object)
      },
      () => {
        object.isDurable = true
      },
    ])
  }

  replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes)
    return this.#call(`replace ${name}`, [
      () => {
        this.#objects.set(name, { ...this.#newObject(copy), isDurable: true })
      },
    ])
  }

  putFile(): Promise<void> {
    throw new Error('No operation puts files')
  }

  delete(name: string): Promise<void> {
    return this.#call(`delete ${name}`, [() => this.#objects.delete(name, this.#process)])
  }

  async list(folder: ObjectFolder): Promise<StoredObject[]> {
    const names = await this.listNames(folder)
    const { objects } = this.#objects
    return names.flatMap((name) => {
      const object = objects.get(name)
      return object ? [{ name, bytes: object.bytes.length }] : []
    })
  }

  listNames(folder: ObjectFolder): Promise<string[]> {
    let before: string[] = []
    let listing: ReturnType<SimObjects['beginListing']>
    return this.#call(`list ${folder}`, [
      () => {
        before = this.#objects.names(folder)
        listing = this.#objects.beginListing(folder)
      },
      () => this.#objects.endListing(listing, before),
    ])
  }

  sync(folder: ObjectFolder): Promise<void> {
    return this.#call(`sync ${folder}`, [() => this.#objects.sync(folder)])
  }

  async close(): Promise<void> {}

  readRangeSync(name: string, offsetBytes: number, target: Uint8Array): void {
    target.set(this.#range(name, offsetBytes, target.length))
  }

  distrustSync(): void {}

  createTemporarySync(): TemporaryFile {
    const file: SimTemporary = { path: 'unfinished', parts: [] }
    return file
  }

  /** Packs are written from front to back. */
  writeTemporarySync(file: SimTemporary, bytes: Uint8Array): void {
    file.parts.push(Buffer.from(bytes))
  }

  readTemporarySync(): number {
    throw new Error('No operation of the simulation reads unfinished objects')
  }

  discardSync(file: SimTemporary): void {
    file.parts = []
  }

  publish(file: SimTemporary, name: string): Promise<void> {
    let object: SimObject
    return this.#call(`publish ${name}`, [
      () => {
        object = this.#newObject(Buffer.concat(file.parts))
      },
      () => this.#name(name, object),
    ])
  }

  async countRequests(): Promise<null> {
    return null
  }

  async countTemporary(): Promise<SweptTemporaries> {
    return { files: 0, bytes: 0 }
  }

  async sweepTemporary(): Promise<SweptTemporaries> {
    return { files: 0, bytes: 0 }
  }

  /** Some calls are done in steps, and some fail before or after they are done. */
  #call<T>(text: string, steps: (() => unknown)[]): Promise<T> {
    const { random, moods } = this.#objects
    let own = steps
    if (moods.fault > 0 && random.chance(moods.fault)) {
      const isDone = random.chance(0.5)
      own = [...(isDone ? steps : []), () => this.#fail(text)]
    }
    if (own.length > 1 && !random.chance(moods.split)) {
      const all = own
      own = [() => all.reduce<unknown>((_result, step) => step(), undefined)]
    }
    return this.#process.call<T>(text, own)
  }

  #newObject(bytes: Buffer): SimObject {
    return { bytes, modifiedAtMs: this.#objects.time.nowMs, by: this.#process, isDurable: false }
  }

  #fail(text: string): never {
    this.#process.hadFault = true
    throw storageError({ action: text, path: this.location, cause: new Error('it did not answer') })
  }

  /** Nothing is replaced; equal bytes are success, and are synced. */
  #name(name: string, object: SimObject): SimObject {
    const existing = this.#objects.objects.get(name)
    if (!existing) {
      this.#objects.set(name, object)
      return object
    }
    if (!existing.bytes.equals(object.bytes)) throw new ObjectConflictError(this.location, name)
    return existing
  }

  #range(name: string, offsetBytes: number, lengthBytes: number): Buffer {
    const { bytes } = this.#object(name)
    if (offsetBytes + lengthBytes > bytes.length) {
      throw damagedError(this.location, name, `it ends after ${bytes.length} bytes`)
    }
    return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
  }

  #object(name: string): SimObject {
    const object = this.#objects.objects.get(name)
    if (!object) throw missingError(this.location, name)
    return object
  }
}
