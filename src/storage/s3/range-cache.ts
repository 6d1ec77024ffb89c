import { createHash, randomBytes } from 'node:crypto'
import {
  access,
  readdir,
  readFile,
  rename,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectories } from '../../foundation/make-directories.ts'
import type { ObjectRange } from '../object-range.ts'

const hashBytes = 32
/** When it is full, so much of it stays. */
const keptShare = 0.8
/** What is used is marked as such so often, for a mark costs as much as a read. */
const markEveryMs = 24 * 60 * 60_000

/**
 * Parts of objects that are read again on other days, such as those with directories, in files of this machine. It holds no more than it
 * may, gives up first what was not used for longest, and is never asked whether something exists: only what bytes are. Each file is
 * checked against its hash. Whatever goes wrong with it is as if it held nothing.
 */
export class RangeCache {
  readonly #folder: string
  readonly #bytesMax: number
  /** What it holds, as it was measured last, and what came in since. */
  #measured: Promise<number> | undefined
  #addedBytes = 0

  constructor(folder: string, bytesMax: number) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  async get(range: ObjectRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#pathOf(range)
    try {
      const file = await readFile(path)
      const bytes = new Uint8Array(file.subarray(0, Math.max(0, file.length - hashBytes)))
      if (
        bytes.length !== range.lengthBytes ||
        !hashOf(bytes).equals(file.subarray(bytes.length))
      ) {
        await unlink(path)
        return undefined
      }
      await mark(path)
      return bytes
    } catch {
      return undefined
    }
  }

  /** Whether it has a file for it, right or wrong. */
  async has(range: ObjectRange): Promise<boolean> {
    return await access(this.#pathOf(range)).then(
      () => true,
      () => false,
    )
  }

  /** What was put was wrong. */
  async remove(range: ObjectRange): Promise<void> {
    await unlink(this.#pathOf(range)).catch(() => undefined)
  }

  async put(range: ObjectRange, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(range)
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const measuredBytes = await (this.#measured ??= this.#measure())
      await writeFile(temporary, Buffer.concat([bytes, hashOf(bytes)]), { mode: 0o600, flag: 'wx' })
      await rename(temporary, path)
      this.#addedBytes += bytes.length + hashBytes
      if (measuredBytes + this.#addedBytes <= this.#bytesMax) return
      this.#addedBytes = 0
      this.#measured = this.#makeRoom()
    } catch {
      await unlink(temporary).catch(() => undefined)
    }
  }

  async #measure(): Promise<number> {
    makeDirectories(this.#folder, 0o700)
    const files = await this.#files()
    return files.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async #makeRoom(): Promise<number> {
    const files = await this.#files()
    files.sort((one, other) => one.usedAtMs - other.usedAtMs)
    let usedBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { path, bytes } of files) {
      if (usedBytes <= this.#bytesMax * keptShare) break
      await unlink(path).catch(() => undefined)
      usedBytes -= bytes
    }
    return usedBytes
  }

  async #files(): Promise<{ path: string; bytes: number; usedAtMs: number }[]> {
    const files = []
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const status = await stat(path).catch(() => undefined)
      if (status) files.push({ path, bytes: status.size, usedAtMs: status.mtimeMs })
    }
    return files
  }

  #pathOf({ name, offsetBytes, lengthBytes }: ObjectRange): string {
    const hash = createHash('sha256').update(`${name} ${offsetBytes} ${lengthBytes}`)
    return join(this.#folder, hash.digest('hex').slice(0, 40))
  }
}

async function mark(path: string): Promise<void> {
  const now = new Date()
  const { mtimeMs } = await stat(path)
  if (now.getTime() - mtimeMs > markEveryMs) await utimes(path, now, now)
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
