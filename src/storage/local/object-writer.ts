import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, unlinkSync } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { errorCodeOf, ObjectConflictError, storageError } from '../errors.ts'
import { assertObjectFolder, assertObjectName, objectFolders } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import { DirectorySync } from './directory-sync.ts'
import { fsyncDescriptor } from './fsync-descriptor.ts'
import { assertReachable } from './object-reader.ts'
import { copyBeside, isSameAndSynced, moveWithoutReplacing, writeFully } from './publish.ts'

/**
 * An unfinished file under `tmp/`. Its maker owns the descriptor until `publish` or `discardSync`.
 */
export interface TemporaryFile {
  readonly path: string
  readonly descriptor: number
}

export interface SweptTemporaries {
  readonly files: number
  readonly bytes: number
}

const folderMode = 0o700
const fileMode = 0o600
const temporaryFolder = 'tmp'
const temporarySuffix = '.tmp'
const createFlags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** The writing half of the local storage. */
export class ObjectWriter {
  readonly #location: string
  readonly #directorySync = new DirectorySync()
  #failedSync: Error | undefined

  constructor(location: string) {
    this.#location = location
  }

  get syncsNames(): boolean {
    return this.#directorySync.supported
  }

  async prepare(): Promise<void> {
    try {
      const firstCreated = await mkdir(this.#location, { recursive: true, mode: folderMode })
      for (const folder of [...objectFolders, temporaryFolder]) {
        await mkdir(join(this.#location, folder), { recursive: true, mode: folderMode })
      }
      await this.#syncFolder(this.#location)
      // Every folder that was made here has to be named durably by the folder above it.
      if (firstCreated === undefined) return
      for (let path = this.#location; path.length >= firstCreated.length; path = dirname(path)) {
        await this.#syncFolder(dirname(path))
      }
    } catch (error) {
      throw storageError({ action: 'create the folders of', path: this.#location, cause: error })
    }
  }

  async put(name: string, parts: readonly Uint8Array[]): Promise<void> {
    assertObjectName(name)
    this.assertWritable()
    const path = this.temporaryPath()
    try {
      const handle = await this.#createTemporary(path)
      try {
        await writeFully(handle, parts)
        await this.#noteFailedSync(handle.sync())
      } finally {
        await handle.close()
      }
      await this.#move(path, name)
      await this.#syncFolder(dirname(join(this.#location, name)))
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw this.#writeError(name, error)
    }
  }

  async putFile(name: string, localPath: string): Promise<void> {
    assertObjectName(name)
    this.assertWritable()
    try {
      await this.#syncFile(localPath)
      try {
        await this.#move(localPath, name)
      } catch (error) {
        if (errorCodeOf(error) !== 'EXDEV') throw error
        await this.#moveFromOtherFileSystem(localPath, name)
      }
    } catch (error) {
      throw this.#writeError(name, error)
    }
  }

  /** Syncs, closes and names the file; it is gone from `tmp/` whatever happens. */
  async publish(file: TemporaryFile, name: string): Promise<void> {
    try {
      try {
        assertObjectName(name)
        this.assertWritable()
        await this.#noteFailedSync(fsyncDescriptor(file.descriptor))
      } finally {
        closeSync(file.descriptor)
      }
      await this.#move(file.path, name)
    } catch (error) {
      await unlink(file.path).catch(() => undefined)
      throw this.#writeError(name, error)
    }
  }

  async delete(name: string): Promise<void> {
    try {
      await unlink(join(this.#location, name))
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return assertReachable(this.#location)
      throw storageError({ action: 'delete', path: join(this.#location, name), cause: error })
    }
  }

  async sync(folder: ObjectFolder): Promise<void> {
    assertObjectFolder(folder)
    this.assertWritable()
    const path = join(this.#location, folder)
    try {
      await this.#syncFolder(path)
    } catch (error) {
      throw storageError({ action: 'sync', path, cause: error })
    }
  }

  temporaryPath(): string {
    return join(this.#location, temporaryFolder, randomBytes(16).toString('hex') + temporarySuffix)
  }

  createTemporarySync(): TemporaryFile {
    this.assertWritable()
    const path = this.temporaryPath()
    try {
      return { path, descriptor: openSync(path, createFlags, fileMode) }
    } catch (error) {
      throw storageError({ action: 'create', path, cause: error })
    }
  }

  discardSync(file: TemporaryFile): void {
    try {
      closeSync(file.descriptor)
      unlinkSync(file.path)
    } catch {
      // What may be left is an unfinished file under tmp/, which the next sweep removes.
    }
  }

  async sweepTemporary(olderThanMs: number, nowMs: number): Promise<SweptTemporaries> {
    const folder = join(this.#location, temporaryFolder)
    let files = 0
    let bytes = 0
    try {
      for (const name of await readdir(folder)) {
        if (!name.endsWith(temporarySuffix)) continue
        const status = await lstat(join(folder, name))
        if (!status.isFile() || status.mtimeMs > nowMs - olderThanMs) continue
        await unlink(join(folder, name))
        files += 1
        bytes += status.size
      }
    } catch (error) {
      // ENOENT: the folder was never made, or another process sweeps too and will finish.
      if (errorCodeOf(error) !== 'ENOENT')
        throw storageError({ action: 'sweep', path: folder, cause: error })
    }
    return { files, bytes }
  }

  /**
   * After one failed `fsync` nothing is written any more: the kernel drops the dirty pages and
   * answers the next `fsync` with success (Rebello et al., "Can Applications Recover from fsync
   * Failures?", USENIX ATC 2020).
   */
  assertWritable(): void {
    if (this.#failedSync !== undefined) throw this.#failedSync
  }

  /** The folder may be missing in a copy that left out empty folders. */
  async #createTemporary(path: string): Promise<FileHandle> {
    return this.#withFolder(dirname(path), () => open(path, createFlags, fileMode))
  }

  async #withFolder<T>(folder: string, use: () => Promise<T>): Promise<T> {
    try {
      return await use()
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') throw error
      // Not recursive: when the repository's own folder has gone, its disk was unmounted, and
      // nothing must be written into the mount point.
      await mkdir(folder, { mode: folderMode }).catch((reason: unknown) => {
        if (errorCodeOf(reason) !== 'EEXIST') throw reason
      })
      await this.#syncFolder(this.#location)
      return use()
    }
  }

  async #move(path: string, name: string): Promise<void> {
    const target = join(this.#location, name)
    const isMoved = await this.#withFolder(dirname(target), () =>
      moveWithoutReplacing(path, target),
    )
    if (isMoved) return
    if (!(await this.#noteFailedSync(isSameAndSynced(path, target)))) {
      throw new ObjectConflictError(this.#location, name)
    }
    await unlink(path)
  }

  async #moveFromOtherFileSystem(localPath: string, name: string): Promise<void> {
    const path = this.temporaryPath()
    try {
      await copyBeside(localPath, path)
      await this.#syncFile(path)
      await this.#move(path, name)
    } catch (error) {
      await unlink(path).catch(() => undefined)
      throw error
    }
    await unlink(localPath)
  }

  async #syncFile(path: string): Promise<void> {
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW)
    try {
      await handle.chmod(fileMode)
      await this.#noteFailedSync(handle.sync())
    } finally {
      await handle.close()
    }
  }

  async #syncFolder(path: string): Promise<void> {
    await this.#noteFailedSync(this.#directorySync.sync(path))
  }

  async #noteFailedSync<T>(syncing: Promise<T>): Promise<T> {
    try {
      return await syncing
    } catch (error) {
      this.#failedSync ??= storageError({ action: 'sync', path: this.#location, cause: error })
      throw error
    }
  }

  #writeError(name: string, cause: unknown): Error {
    return storageError({ action: 'write', path: join(this.#location, name), cause })
  }
}
