import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

import { errorCodeOf } from '../errors.ts'

/** Answers of file systems that cannot `fsync` a folder (seen with SMB and FUSE, restic #3720). */
const unsupportedCodes: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** @returns False when the file system does not know `fsync` on folders. */
async function syncFolder(path: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
    return true
  } catch (error) {
    if (unsupportedCodes.has(errorCodeOf(error))) return false
    throw error
  } finally {
    await handle.close()
  }
}

interface Turn {
  readonly running: Promise<void>
  /** The turn after the running one, shared by all who came while it ran. */
  next: Promise<void> | undefined
}

/**
 * `fsync` of folders as a group commit: whoever asks while one is running shares the next one. The
 * running one does not count, because it may have begun before the asker's rename.
 */
export class DirectorySync {
  #turns = new Map<string, Turn>()
  #supported = true

  get supported(): boolean {
    return this.#supported
  }

  sync(path: string): Promise<void> {
    const turn = this.#turns.get(path)
    if (turn === undefined) return this.#start(path)
    turn.next ??= turn.running.then(
      () => this.#start(path),
      () => this.#start(path),
    )
    return turn.next
  }

  #start(path: string): Promise<void> {
    const running = this.#run(path)
    const turn: Turn = { running, next: undefined }
    this.#turns.set(path, turn)
    const finish = (): void => {
      // A following turn replaces the entry itself when it starts.
      if (this.#turns.get(path) === turn && turn.next === undefined) this.#turns.delete(path)
    }
    running.then(finish, finish)
    return running
  }

  async #run(path: string): Promise<void> {
    if (!(await syncFolder(path))) this.#supported = false
  }
}
