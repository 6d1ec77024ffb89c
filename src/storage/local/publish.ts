import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises'

import { errorCodeOf } from '../errors.ts'

/** What `link` answers on file systems without hard links (FAT, some FUSE and SMB ones). */
const noLinkCodes: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Gives a finished, synced temporary file its name. `rename` would replace; `link` refuses with
 * EEXIST.
 *
 * @returns False when the name is taken; the temporary file is then still there.
 */
export async function moveWithoutReplacing(
  temporaryPath: string,
  targetPath: string,
): Promise<boolean> {
  try {
    await link(temporaryPath, targetPath)
  } catch (error) {
    const code = errorCodeOf(error)
    if (code === 'EEXIST') return false
    if (!noLinkCodes.has(code)) throw error
    // Without hard links the check and the rename are two steps. Names are hashes or random, so
    // whoever comes between them writes the same bytes.
    if (await exists(targetPath)) return false
    await rename(temporaryPath, targetPath)
    return true
  }
  // The object is in place. A second link that stays under tmp/ is swept later and must not fail
  // the put.
  await unlink(temporaryPath).catch(() => undefined)
  return true
}

/** 1 MiB a turn: larger steps were not faster, smaller ones cost more calls. */
const compareBytes = 1024 * 1024

async function readFully(handle: FileHandle, target: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < target.length) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

async function equalBytes(one: FileHandle, other: FileHandle): Promise<boolean> {
  const left = Buffer.allocUnsafe(compareBytes)
  const right = Buffer.allocUnsafe(compareBytes)
  for (let position = 0; ; position += compareBytes) {
    const leftBytes = await readFully(one, left, position)
    const rightBytes = await readFully(other, right, position)
    if (leftBytes !== rightBytes) return false
    if (left.compare(right, 0, leftBytes, 0, leftBytes) !== 0) return false
    if (leftBytes < compareBytes) return true
  }
}

/**
 * Whether the object that is there already is byte for byte the one that was to be stored. It is
 * synced as well: another process may have written it a moment ago and still be on its way to its
 * own `fsync`.
 */
export async function isSameAndSynced(temporaryPath: string, targetPath: string): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const temporary = await open(temporaryPath, flags)
  try {
    const target = await open(targetPath, flags)
    try {
      if (!(await target.stat()).isFile() || !(await equalBytes(temporary, target))) return false
      await target.sync()
      return true
    } finally {
      await target.close()
    }
  } finally {
    await temporary.close()
  }
}

/**
 * Copies a file of another file system next to the objects, because only there it can be linked.
 */
export async function copyBeside(sourcePath: string, temporaryPath: string): Promise<void> {
  await copyFile(sourcePath, temporaryPath, constants.COPYFILE_EXCL)
}

/**
 * Writes all of it; a single `write` may be short when the disk is nearly full or a signal arrives.
 */
export async function writeFully(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    let done = 0
    while (done < part.length) {
      const { bytesWritten } = await handle.write(part, done, part.length - done)
      if (bytesWritten === 0) throw new Error('write: the file system took no bytes')
      done += bytesWritten
    }
  }
}
