import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { errorCodeOf, storageError } from '../errors.ts'
import type { SweptTemporaries, TemporaryFile } from '../pack-storage.ts'

/** An unfinished file under `tmp/`. */
export interface LocalTemporaryFile extends TemporaryFile {
  readonly descriptor: number
}

export const fileMode = 0o600
export const temporaryFolder = 'tmp'
export const createFlags: number =
  constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

const temporarySuffix = '.tmp'

function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // What may be left is an unfinished file under tmp/, which the next sweep removes.
  }
}

/** Files under `tmp/` that have no name yet. */
export class TemporaryFiles {
  readonly #folder: string
  // A descriptor's number is given to another file as soon as it is closed; closing it twice would
  // close that one.
  readonly #open = new WeakSet<LocalTemporaryFile>()

  constructor(location: string) {
    this.#folder = join(location, temporaryFolder)
  }

  path(): string {
    return join(this.#folder, randomBytes(16).toString('hex') + temporarySuffix)
  }

  createSync(): LocalTemporaryFile {
    const path = this.path()
    try {
      const file = { path, descriptor: openSync(path, createFlags, fileMode) }
      this.#open.add(file)
      return file
    } catch (error) {
      throw storageError({ action: 'create', path, cause: error })
    }
  }

  /** Closes the descriptor, of which `discardSync` then keeps its hands off. */
  closeSync(file: LocalTemporaryFile): void {
    this.#open.delete(file)
    closeSync(file.descriptor)
  }

  /** All of it; a single `write` may be short when the disk is nearly full or a signal arrives. */
  writeSync(file: LocalTemporaryFile, bytes: Uint8Array, offsetBytes: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(file.descriptor, bytes, done, bytes.length - done, offsetBytes + done)
      }
    } catch (cause) {
      throw storageError({ action: 'write', path: file.path, cause })
    }
  }

  readSync(file: LocalTemporaryFile, target: Uint8Array, offsetBytes: number): number {
    try {
      return readSync(file.descriptor, target, 0, target.length, offsetBytes)
    } catch (cause) {
      throw storageError({ action: 'read', path: file.path, cause })
    }
  }

  discardSync(file: LocalTemporaryFile): void {
    if (this.#open.delete(file)) attempt(() => closeSync(file.descriptor))
    attempt(() => unlinkSync(file.path))
  }

  /** Every file under `tmp/`, of running writers too. */
  async count(): Promise<SweptTemporaries> {
    let files = 0
    let bytes = 0
    try {
      for (const name of await readdir(this.#folder)) {
        if (!name.endsWith(temporarySuffix)) continue
        bytes += (await lstat(join(this.#folder, name))).size
        files += 1
      }
    } catch (error) {
      // ENOENT: the folder was never made, or a file got its name meanwhile.
      if (errorCodeOf(error) !== 'ENOENT') {
        throw storageError({ action: 'list', path: this.#folder, cause: error })
      }
    }
    return { files, bytes }
  }

  async sweep(olderThanMs: number, nowMs: number): Promise<SweptTemporaries> {
    let files = 0
    let bytes = 0
    try {
      for (const name of await readdir(this.#folder)) {
        if (!name.endsWith(temporarySuffix)) continue
        const path = join(this.#folder, name)
        const status = await lstat(path)
        if (!status.isFile() || status.mtimeMs > nowMs - olderThanMs) continue
        await unlink(path)
        files += 1
        bytes += status.size
      }
    } catch (error) {
      // ENOENT: the folder was never made, or another process sweeps too and will finish.
      if (errorCodeOf(error) !== 'ENOENT') {
        throw storageError({ action: 'sweep', path: this.#folder, cause: error })
      }
    }
    return { files, bytes }
  }
}
