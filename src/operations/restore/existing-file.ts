import { closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import { fileStatus } from '../../filesystem/posix/file-status.ts'
import { FILE_TYPE, type FileStatus } from '../../filesystem/posix/stat-record.ts'
import type { BlobHasher } from '../../format/hashing/blob-hasher.ts'
import type { Overwrite } from './restore-options.ts'

/** What to do with a file where one is already. */
export type Verdict = 'write' | 'compare' | 'skip' | 'unchanged'

/**
 * Decides by the rule and the two files' status alone. Pure.
 *
 * @param existing status of what stands there; a symbolic link is never followed
 */
export function judgeExisting(
  overwrite: Overwrite,
  existing: FileStatus,
  wanted: { size: number; mtimeSec: number; mtimeNsec: number },
): Verdict {
  if (overwrite === 'never') return 'skip'
  const isRegular = (existing.mode & FILE_TYPE.mask) === FILE_TYPE.regular
  if (overwrite === 'if-newer' && !isNewer(wanted, existing)) return 'skip'
  if (!isRegular) return 'write'
  const isSame =
    existing.sizeBytes === wanted.size &&
    existing.mtimeSec === wanted.mtimeSec &&
    existing.mtimeNsec === wanted.mtimeNsec
  if (overwrite === 'if-changed' && isSame) return 'unchanged'
  return 'compare'
}

function isNewer(wanted: { mtimeSec: number; mtimeNsec: number }, existing: FileStatus): boolean {
  if (wanted.mtimeSec !== existing.mtimeSec) return wanted.mtimeSec > existing.mtimeSec
  return wanted.mtimeNsec > existing.mtimeNsec
}

/**
 * Whether somebody who may not write to the file as it is wanted may write to the one that stands there. He can have it open: root would
 * then give his file another owner, and he could still change what is in it.
 */
export function isLentByOthers(
  existing: FileStatus,
  wanted: { uid: number; mode: number },
): boolean {
  return existing.uid !== wanted.uid || (existing.mode & 0o022 & ~wanted.mode) !== 0
}

/**
 * @param descriptor open for reading; taken over
 * @returns undefined when not even its status can be read: it is no source then, and is replaced
 */
export function lookAtExisting(descriptor: number, hasher: BlobHasher): ExistingFile | undefined {
  try {
    return new ExistingFile(descriptor, fileStatus(descriptor), hasher)
  } catch {
    closeUnwritten(descriptor)
    return undefined
  }
}

/** A file that stands where one is to be restored, as a source of chunks that need not come from the repository. */
export class ExistingFile {
  readonly status: FileStatus
  readonly #descriptor: number
  readonly #hasher: BlobHasher
  #buffer = Buffer.allocUnsafeSlow(256 * 1024)

  /** @param descriptor open for reading; closed by `close` */
  constructor(descriptor: number, status: FileStatus, hasher: BlobHasher) {
    this.#descriptor = descriptor
    this.#hasher = hasher
    this.status = status
  }

  /** The bytes at that place when they are the chunk that was asked for. Valid until the next call. */
  chunkAt(offset: number, lengthBytes: number, id: Uint8Array): Buffer | undefined {
    const bytes = this.#read(offset, lengthBytes)
    return bytes && this.#hasher.hash(bytes).compare(id) === 0 ? bytes : undefined
  }

  /** Whether the file holds zeros there, as a hole does. */
  isZeroAt(offset: number, lengthBytes: number): boolean {
    for (let done = 0; done < lengthBytes;) {
      const piece = Math.min(lengthBytes - done, 256 * 1024)
      const bytes = this.#read(offset + done, piece)
      if (!bytes?.every((byte) => byte === 0)) return false
      done += piece
    }
    return true
  }

  close(): void {
    closeUnwritten(this.#descriptor)
  }

  #read(offset: number, lengthBytes: number): Buffer | undefined {
    if (this.#buffer.length < lengthBytes) this.#buffer = Buffer.allocUnsafeSlow(lengthBytes)
    const bytes = this.#buffer.subarray(0, lengthBytes)
    try {
      const got = posix.read(this.#descriptor, bytes, 0, lengthBytes, offset)
      return got === lengthBytes ? bytes : undefined
    } catch {
      // An existing file that cannot be read is simply no source; it will be replaced.
      return undefined
    }
  }
}
