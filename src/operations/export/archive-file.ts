import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TargetError } from '../../foundation/errors.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'

/** Unfinished archives that nobody has written to for so long are left from a process that was killed. */
const leftoverMs = 24 * 60 * 60 * 1000
const leftoverName = /^\.backup_\d+\.tar\.gz\.\d+-[0-9a-z]+\.partial$/

/** An archive on its way to the disk: it has its name only when all of it is there. */
export class ArchiveFile {
  readonly #path: string
  readonly #partialPath: string
  readonly #handle: FileHandle
  readonly #md5: Hash = createHash('md5')
  #bytes = 0
  #isOpen = true

  private constructor(path: string, partialPath: string, handle: FileHandle) {
    this.#path = path
    this.#partialPath = partialPath
    this.#handle = handle
  }

  /** @throws {TargetError} */
  static async create(path: string): Promise<ArchiveFile> {
    await removeLeftovers(dirname(path))
    const unique = `${process.pid}-${Math.floor(performance.now() * 1000).toString(36)}`
    const partialPath = join(dirname(path), `.${basename(path)}.${unique}.partial`)
    return guard(path, async () => {
      // Like the repository it holds what may be read by nobody else.
      return new ArchiveFile(path, partialPath, await open(partialPath, 'wx', 0o600))
    })
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws {TargetError} such as for a full disk */
  async write(bytes: Uint8Array): Promise<void> {
    this.#md5.update(bytes)
    this.#bytes += bytes.length
    await guard(this.#path, async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, at)
        at += bytesWritten
      }
    })
  }

  /** Makes the content durable. @returns its MD5, hex */
  async complete(): Promise<string> {
    await guard(this.#path, async () => {
      await this.#handle.sync()
      this.#isOpen = false
      await this.#handle.close()
    })
    return this.#md5.digest('hex')
  }

  /**
   * Gives it its name, durably.
   *
   * @returns false when the name is taken and must not be replaced; then it is still unfinished
   */
  async publish(mayReplace: boolean): Promise<boolean> {
    return guard(this.#path, async () => {
      if (mayReplace) await rename(this.#partialPath, this.#path)
      else {
        try {
          await link(this.#partialPath, this.#path)
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
          throw error
        }
        await unlink(this.#partialPath)
      }
      await syncDirectory(dirname(this.#path))
      return true
    })
  }

  /** Removes what was written; harmless after `publish`. Never throws. */
  async discard(): Promise<void> {
    if (this.#isOpen) await this.#handle.close().catch(() => undefined)
    this.#isOpen = false
    await unlink(this.#partialPath).catch(() => undefined)
  }
}

/** MD5 and length of a file; undefined when there is none. */
export async function fingerprint(
  path: string,
  signal?: AbortSignal,
): Promise<{ checksum: string; bytes: number } | undefined> {
  const md5 = createHash('md5')
  let bytes = 0
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal?.throwIfAborted()
      md5.update(piece as Buffer)
      bytes += (piece as Buffer).length
    }
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw targetError(path, error)
  }
  return { checksum: md5.digest('hex'), bytes }
}

async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (!leftoverName.test(name)) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > leftoverMs) await unlink(path).catch(() => undefined)
  }
}

export async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw targetError(path, error)
  }
}

export function targetError(path: string, cause: unknown): TargetError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new TargetError(
    `Cannot write "${escapeText(path)}": ${isFull ? 'there is no space left' : code}`,
    {
      remedy: isFull
        ? 'Free space there, or export to another folder with --output'
        : 'Check that the folder exists and may be written to, or name another one with --output',
      cause,
      facts: { path },
    },
  )
}
