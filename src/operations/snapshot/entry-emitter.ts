import { SourceError } from '../../foundation/errors.ts'
import { STAT_OFFSET } from '../../filesystem/posix/stat-record.ts'
import type { DirectoryWriter } from '../../format/tree/directory-writer.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { deviceNumberMax, flagHardLinked } from '../../format/tree/entry-flags.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { isSameEntry } from '../../format/tree/is-same-entry.ts'
import { idBytes } from '../../model/ids.ts'
import { fate, recordWords, type DirectoryJob, type Slice } from './directory-job.ts'
import { FILE_RESULT } from './read-batch.ts'

const low16 = 0xffff

/** Writes finished slices into the pages of their directory. */
export class EntryEmitter {
  readonly #draft = new EntryDraft()
  readonly #directoryBytes = new Float64Array(1)
  readonly #deviceNumbers = new Map<string, number>()
  readonly #onRefused: (path: Buffer, error: SourceError) => void
  readonly #reusesPages: boolean
  #lengths: Float64Array = new Float64Array(0)
  #lengthsOf: Buffer | null = null

  /**
   * @param onRefused told of an entry that the format cannot hold; it is left out
   * @param reusesPages whether pages of the parent may stand in this snapshot without being stored: not when they may be lost or about to go
   */
  constructor(onRefused: (path: Buffer, error: SourceError) => void, reusesPages: boolean) {
    this.#onRefused = onRefused
    this.#reusesPages = reusesPages
  }

  emit(job: DirectoryJob, slice: Slice, writer: DirectoryWriter): void {
    for (let index = 0; index < slice.count; index++) {
      try {
        this.#emitEntry(job, slice, index, writer)
      } catch (error) {
        if (!(error instanceof SourceError)) throw error
        this.#onRefused(job.pathOf(slice, index), error)
      }
    }
  }

  #emitEntry(job: DirectoryJob, slice: Slice, index: number, writer: DirectoryWriter): void {
    switch (slice.fates[index]) {
      case fate.leftOut:
        return
      case fate.unchanged:
        this.#emitUnchanged(slice, index, writer)
        return
      case fate.read:
        this.#emitRead(job, slice, index, writer)
        return
      case fate.directory:
        this.#emitDirectory(job, slice, index, writer)
        return
      default:
        this.#emitSpecial(job, slice, index, writer)
    }
  }

  #emitUnchanged(slice: Slice, index: number, writer: DirectoryWriter): void {
    const page = slice.parentPages[index]
    if (!page) throw new RangeError('An unchanged entry has no page')
    const parentIndex = slice.parentIndexes[index]
    const flags = page.flags(parentIndex)
    if ((flags & flagHardLinked) === 0) {
      writer.appendFrom(page, parentIndex)
      return
    }
    // Numbers of devices are given anew in each snapshot.
    const device = this.#deviceNumber(slice.words, index * recordWords)
    writer.appendFrom(page, parentIndex, ((flags & low16) | (device << 16)) >>> 0)
  }

  #emitRead(job: DirectoryJob, slice: Slice, index: number, writer: DirectoryWriter): void {
    const result = slice.results[index]
    if (!result) throw new RangeError('A file that was read has no result')
    const at = slice.resultOffsets[index]
    const words = new Uint32Array(result.buffer, at + FILE_RESULT.status, recordWords)
    const draft = this.#fill(job, slice, index, words, 0)
    let flags = result.readUInt32LE(at + FILE_RESULT.entryFlags)
    if ((flags & flagHardLinked) !== 0) flags |= this.#deviceNumber(words, 0) << 16
    draft.flags = flags >>> 0
    const count = result.readUInt32LE(at + FILE_RESULT.referenceCount)
    const extraBytes = result.readUInt32LE(at + FILE_RESULT.extraBytes)
    const references = at + FILE_RESULT.references
    draft.chunkBytes = this.#lengthsIn(result)
    draft.chunkBytesStart = references / 8
    draft.chunkIds = result
    draft.chunkIdsStart = references + count * 8
    draft.chunkCount = count
    draft.extras = result
    draft.extraStart = references + count * (8 + idBytes)
    draft.extraEnd = draft.extraStart + extraBytes
    writer.append(draft)
  }

  #emitDirectory(job: DirectoryJob, slice: Slice, index: number, writer: DirectoryWriter): void {
    const directory = slice.directories.get(index)
    if (!directory) throw new RangeError('A directory has no page')
    const draft = this.#fill(job, slice, index, slice.words, index * recordWords)
    draft.size = directory.totalSize
    this.#directoryBytes[0] = directory.bytes
    draft.setContent(directory.id, this.#directoryBytes)
    draft.setExtras(directory.extras)
    const page = slice.parentPages[index]
    const parentIndex = slice.parentIndexes[index]
    if (this.#reusesPages && page && isSameEntry(page, parentIndex, draft))
      writer.appendFrom(page, parentIndex)
    else writer.append(draft)
  }

  #emitSpecial(job: DirectoryJob, slice: Slice, index: number, writer: DirectoryWriter): void {
    const at = index * recordWords
    const draft = this.#fill(job, slice, index, slice.words, at)
    if (slice.words[at + STAT_OFFSET.nlink / 4] > 1) {
      draft.flags = (flagHardLinked | (this.#deviceNumber(slice.words, at) << 16)) >>> 0
      draft.inodeLow = slice.words[at + STAT_OFFSET.ino / 4]
      draft.inodeHigh = slice.words[at + STAT_OFFSET.ino / 4 + 1]
    }
    const extras = slice.extras.get(index)
    if (extras) draft.setExtras(extras)
    writer.append(draft)
  }

  /** Name, mode, owner and times; for regular files also what change detection needs. */
  #fill(
    job: DirectoryJob,
    slice: Slice,
    index: number,
    words: Uint32Array,
    at: number,
  ): EntryDraft {
    const draft = this.#draft
    draft.clear()
    draft.names = job.names
    draft.nameStart = slice.nameOffsets[index]
    draft.nameEnd = draft.nameStart + job.names.readUInt16LE(draft.nameStart - 2)
    draft.mode = words[at + STAT_OFFSET.mode / 4]
    draft.uid = words[at + STAT_OFFSET.uid / 4]
    draft.gid = words[at + STAT_OFFSET.gid / 4]
    draft.mtimeLow = words[at + STAT_OFFSET.mtimeSec / 4]
    draft.mtimeHigh = words[at + STAT_OFFSET.mtimeSec / 4 + 1]
    draft.mtimeNs = words[at + STAT_OFFSET.mtimeNsec / 4]
    if (isRegular(draft.mode)) {
      draft.ctimeLow = words[at + STAT_OFFSET.ctimeSec / 4]
      draft.ctimeHigh = words[at + STAT_OFFSET.ctimeSec / 4 + 1]
      draft.ctimeNs = words[at + STAT_OFFSET.ctimeNsec / 4]
      draft.inodeLow = words[at + STAT_OFFSET.ino / 4]
      draft.inodeHigh = words[at + STAT_OFFSET.ino / 4 + 1]
    }
    if (isSized(draft.mode)) {
      draft.size =
        words[at + STAT_OFFSET.size / 4] + words[at + STAT_OFFSET.size / 4 + 1] * 0x1_0000_0000
    }
    return draft
  }

  #lengthsIn(result: Buffer): Float64Array {
    if (this.#lengthsOf !== result) {
      this.#lengths = new Float64Array(result.buffer, 0, result.length / 8)
      this.#lengthsOf = result
    }
    return this.#lengths
  }

  #deviceNumber(words: Uint32Array, at: number): number {
    const key = `${words[at + STAT_OFFSET.devMajor / 4]}:${words[at + STAT_OFFSET.devMinor / 4]}`
    let number = this.#deviceNumbers.get(key)
    if (number === undefined) {
      number = this.#deviceNumbers.size
      if (number > deviceNumberMax) {
        throw new SourceError('Cannot save a hard link: there are too many file systems')
      }
      this.#deviceNumbers.set(key, number)
    }
    return number
  }
}

/** Regular files and symbolic links have a size of their own; a directory's is what is below it. */
function isSized(mode: number): boolean {
  const type = mode & 0o170000
  return type === 0o100000 || type === 0o120000
}
