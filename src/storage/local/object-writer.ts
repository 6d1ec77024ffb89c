import { constants, existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { errorCodeOf, ObjectConflictError, storageError } from '../errors.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import { assertObjectFolder, assertObjectName, objectFolders } from '../object-name.ts'
import type { ObjectFolder } from '../object-name.ts'
import { DirectorySync } from './directory-sync.ts'
import { fsyncDescriptor } from './fsync-descriptor.ts'
import { assertReachable } from './object-reader.ts'
import { copyBeside, isSameAndSynced, moveWithoutReplacing, writeFully } from './publish.ts'
import { createFlags, fileMode, temporaryFolder, TemporaryFiles } from './temporary-files.ts'
import type { LocalTemporaryFile } from './temporary-files.ts'

const folderMode = 0o700
const writeTriesMax = 3

/** Opening a file or folder in order to sync it may fail too, which loses nothing. */
function isFailedSync(error: unknown): boolean {
  return (error as { syscall?: unknown } | null)?.syscall === 'fsync'
}

/** The writing half of the local storage. */
export class ObjectWriter {
  readonly #location: string
  readonly temporaries: TemporaryFiles
  readonly #directorySync = new DirectorySync()
  #failedSync: Error | undefined

  constructor(location: string) {
    this.#location = location
    this.temporaries = new TemporaryFiles(location)
  }

  get syncsNames(): boolean {
    return this.#directorySync.supported
  }

  async prepare(): Promise<void> {
    try {
      const firstCreated = makeDirectories(this.#location, folderMode)?.toString()
      for (const folder of [...objectFolders, temporaryFolder]) {
        makeDirectories(join(this.#location, folder), folderMode)
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
    await this.#write(name, parts, (path) => this.#move(path, name))
  }

  async replace(name: string, parts: readonly Uint8Array[]): Promise<void> {
    await this.#write(name, parts, async (path) => {
      await rename(path, join(this.#location, name))
      // What was there before is gone; there is nothing to go back to.
      return false
    })
  }

  /** @param giveName says whether the name is one that was free before */
  async #write(
    name: string,
    parts: readonly Uint8Array[],
    giveName: (path: string) => Promise<boolean>,
  ): Promise<void> {
    assertObjectName(name)
    for (let tries = 1; ; tries++) {
      this.assertWritable()
      const path = this.temporaries.path()
      try {
        await this.#writeThrough(path, name, parts, giveName)
        return
      } catch (error) {
        const wasSwept = errorCodeOf(error) === 'ENOENT' && !existsSync(path)
        await unlink(path).catch(() => undefined)
        // A lock is written before anybody can see that somebody is at work, so a prune may take its file for a leftover.
        if (!wasSwept || tries === writeTriesMax) throw this.#writeError(name, error)
      }
    }
  }

  async #writeThrough(
    path: string,
    name: string,
    parts: readonly Uint8Array[],
    giveName: (path: string) => Promise<boolean>,
  ): Promise<void> {
    let isNew = false
    try {
      const handle = await this.#createTemporary(path)
      try {
        await writeFully(handle, parts)
        await this.#noteFailedSync(handle.sync())
      } finally {
        await handle.close()
      }
      isNew = await giveName(path)
      await this.#syncFolder(dirname(join(this.#location, name)))
    } catch (error) {
      // Not durable, so it was not stored: a snapshot that nobody was told of, or a lock that nobody releases, must not stay.
      if (isNew) await unlink(join(this.#location, name)).catch(() => undefined)
      throw error
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
  async publish(file: LocalTemporaryFile, name: string): Promise<void> {
    try {
      try {
        assertObjectName(name)
        this.assertWritable()
        await this.#noteFailedSync(fsyncDescriptor(file.descriptor))
      } finally {
        this.temporaries.closeSync(file)
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
      // Where there is no folder there is no name to make durable.
      if (errorCodeOf(error) === 'ENOENT') return assertReachable(this.#location)
      throw storageError({ action: 'sync', path, cause: error })
    }
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

  /** @returns false when the same bytes were there already */
  async #move(path: string, name: string): Promise<boolean> {
    const target = join(this.#location, name)
    const isMoved = await this.#withFolder(dirname(target), () =>
      moveWithoutReplacing(path, target),
    )
    if (isMoved) return true
    if (!(await this.#noteFailedSync(isSameAndSynced(path, target)))) {
      throw new ObjectConflictError(this.#location, name)
    }
    await unlink(path)
    return false
  }

  async #moveFromOtherFileSystem(localPath: string, name: string): Promise<void> {
    const path = this.temporaries.path()
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
      if (isFailedSync(error)) {
        this.#failedSync ??= storageError({ action: 'sync', path: this.#location, cause: error })
      }
      throw error
    }
  }

  #writeError(name: string, cause: unknown): Error {
    return storageError({ action: 'write', path: join(this.#location, name), cause })
  }
}
