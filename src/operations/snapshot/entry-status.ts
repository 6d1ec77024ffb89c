import { FOLLOW_LINKS, posix, type DirectoryListing } from '../../filesystem/posix/posix.ts'
import {
  createStatRecords,
  FILE_TYPE,
  STAT_OFFSET,
  STAT_RECORD_BYTES,
} from '../../filesystem/posix/stat-record.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { recordWords, type DirectoryJob, type Slice } from './directory-job.ts'
import type { SourceNode } from './source-tree.ts'

/** Words of a status record that the walk looks at. */
export const statusWord: Readonly<Record<'status' | 'mode' | 'devMajor' | 'devMinor', number>> = {
  status: STAT_OFFSET.status / 4,
  mode: STAT_OFFSET.mode / 4,
  devMajor: STAT_OFFSET.devMajor / 4,
  devMinor: STAT_OFFSET.devMinor / 4,
}

/**
 * Reads the status of the names of a slice that a person asked for: a path that was named is followed when it is a symbolic link to a
 * directory.
 */
export function statNamed(job: DirectoryJob, slice: Slice): void {
  posix.statEntries(job.descriptor, job.names, job.nextName, slice.count, slice.records)
  const followed = createStatRecords(1)
  const typeIn = (words: Uint32Array, at: number): number =>
    words[at + statusWord.mode] & FILE_TYPE.mask
  for (let index = 0; index < slice.count; index++) {
    if (typeIn(slice.words, index * recordWords) !== FILE_TYPE.symlink) continue
    try {
      posix.statAt(job.descriptor, job.nameOf(slice, index), followed.bytes, 0, FOLLOW_LINKS)
    } catch {
      // A link that leads nowhere is saved as the link that it is.
      continue
    }
    if (typeIn(new Uint32Array(followed.bytes.buffer), 0) !== FILE_TYPE.directory) continue
    slice.records.set(followed.bytes, index * STAT_RECORD_BYTES)
  }
}

/** The names that were asked for, in the form of a listing. */
export function listNamed(source: SourceNode): DirectoryListing {
  const names = [...source.children.values()]
    .map((child) => child.name)
    .sort((left, right) => left.compare(right))
  const parts = names.flatMap((name) => {
    const length = Buffer.alloc(2)
    length.writeUInt16LE(name.length)
    return [length, name]
  })
  return { names: Buffer.concat(parts), count: names.length }
}

export function sizeOf(slice: Slice, index: number): number {
  const at = index * recordWords + STAT_OFFSET.size / 4
  return slice.words[at] + slice.words[at + 1] * 0x1_0000_0000
}

export function deviceKey(words: Uint32Array, at: number): string {
  return `${words[at + statusWord.devMajor]}:${words[at + statusWord.devMinor]}`
}

export function inodeKey(words: Uint32Array, at: number): string {
  const inode = STAT_OFFSET.ino / 4
  return `${deviceKey(words, at)}:${words[at + inode]}:${words[at + inode + 1]}`
}

export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? String(error)
}

export function repositoryAsSource(): HoldfastError {
  return new HoldfastError('USAGE', 'Cannot save the repository into itself', {
    remedy: 'Name other folders, and a base outside of the repository',
  })
}
