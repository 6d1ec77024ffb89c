import type { ObjectFolder } from './object-name.ts'
import type { VersionedObjects } from './versioned-objects.ts'

export interface StoredObject {
  /** Name within the storage, such as `packs/<64 hex>`. */
  readonly name: string
  readonly bytes: number
}

export interface ObjectStatus {
  readonly bytes: number
  /**
   * When the object was stored, by the clock of the storage (of the file server, of the object
   * store). Only to be compared with others of the same storage: a client's clock may be wrong.
   */
  readonly modifiedAtMs: number
}

/** What a storage can do, as data: callers choose by these, never by the class. */
export interface StorageCapabilities {
  readonly kind: 'local' | 'memory' | 's3'
  readonly writable: boolean
  /** Every byte of an object is held against a checksum before it gets its name: what is there is what was written. */
  readonly verifiesPuts: boolean
  /** Each request takes a while: what is known to be needed is worth asking for ahead, and at once. */
  readonly isRemote: boolean
  /** Files are written here, and lie on another machine: no place for a database. */
  readonly isNetworkFolder: boolean
  /**
   * Whether `openStorage(location)` gives worker threads the same objects without going through this
   * instance.
   */
  readonly opensInWorkers: boolean
  /**
   * Whether `sync` really makes names durable. False on file systems that refuse `fsync` on a
   * folder (some SMB and FUSE ones); known after the first `sync`, true until then.
   */
  readonly syncsNames: boolean
}

/**
 * What becomes of two who store different objects under one name at the same time: one wins (`atomic`); several may be told that they have won
 * (`weak`); whoever comes later replaces (`ignored`); or the storage does not do such puts, and is asked before (`refused`).
 */
export type PutGuard = 'atomic' | 'weak' | 'ignored' | 'refused'

/**
 * Keeps immutable objects by name. All storages pass `test/contract/storage-contract.ts`.
 *
 * Names are content-derived or random (docs/FORMAT.md, section 1), so nothing rests on conditional
 * writes: they are a guard besides. Every rejection is a `RepositoryError`: `OBJECT_MISSING`,
 * `OBJECT_DAMAGED` (shorter than asked for, larger than allowed, not a regular file, or different
 * bytes under a content-derived name), `STORAGE_FULL` or `STORAGE_FAILED`; a malformed name or
 * range is a `RangeError`.
 */
export interface Storage {
  /** What a person would type to reach it: a folder, an `s3:` address, `memory:`. */
  readonly location: string
  readonly capabilities: StorageCapabilities
  /** What was replaced and deleted, where the storage can keep that. */
  readonly versions: VersionedObjects | null

  /**
   * Folders of this machine that belong to it: no snapshot may go into them. What it will make
   * later while it works is made now.
   */
  localFolders(): readonly string[]

  /** Makes what puts need (folders). Doing it twice is harmless. */
  prepare(): Promise<void>

  /** The whole object. Refuses one of more than `bytesMax` bytes before it reads it. */
  get(name: string, bytesMax?: number): Promise<Buffer>

  /** Exactly `lengthBytes` bytes from `offsetBytes`; an object that ends earlier is damaged. */
  getRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer>

  stat(name: string): Promise<ObjectStatus>

  /**
   * Stores the object unless the name is taken; durable, name included, when it resolves. Equal
   * bytes under the name are success (a retry), different ones an `ObjectConflictError`.
   */
  put(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void>

  /**
   * Puts right an object whose bytes are damaged, or gives it the present time: the only call that
   * replaces anything, and only under a content-derived name, so the caller has checked that the
   * name is the hash of `bytes`. Durable when it resolves; a crash leaves the old bytes or the new
   * ones.
   */
  replace(name: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void>

  /**
   * Like `put`, but takes over a local file, which is gone afterwards. Durable once a later `sync`
   * of the folder has resolved: one `sync` serves many files.
   */
  putFile(name: string, localPath: string): Promise<void>

  /** Finds out by trying what the refusal of a taken name is worth. */
  probePuts(): Promise<PutGuard>

  /** A missing object is success. Durable once a later `sync` of the folder has resolved. */
  delete(name: string): Promise<void>

  /**
   * Objects of one folder with their sizes, in ascending order of names. Foreign files are left
   * out.
   */
  list(folder: ObjectFolder): Promise<StoredObject[]>

  /** Like `list` without the sizes, which cost a local storage one system call for each object. */
  listNames(folder: ObjectFolder): Promise<string[]>

  /** Makes every finished `putFile` and `delete` in the folder durable. */
  sync(folder: ObjectFolder): Promise<void>

  close(): Promise<void>
}

/**
 * Default limit of `get`: more than the largest index object (256 MiB of plaintext, docs/FORMAT.md
 * section 5.2), so that a giant planted in a storage ends in an error instead of in the memory of
 * the process.
 */
export const getBytesMax: number = 288 * 1024 * 1024
