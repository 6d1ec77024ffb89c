import { joinPath } from './source-tree.ts'
import type { DirectoryExtent } from './directory-extent.ts'
import { STAT_RECORD_BYTES } from '../../filesystem/posix/stat-record.ts'
import type { DirectoryWriter, StoredDirectory } from '../../format/tree/directory-writer.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { ParentCursor } from './parent-cursor.ts'

/** Entries that are scanned and held at once: bounds the memory that a directory of millions takes. */
export const sliceEntriesMax = 8192
export const recordWords: number = STAT_RECORD_BYTES / 4

/** What is to become of an entry. */
export const fate = {
  leftOut: 0,
  /** Copied from the parent snapshot's page. */
  unchanged: 1,
  /** A regular file that a worker reads. */
  read: 2,
  directory: 3,
  /** A symbolic link, fifo or device. */
  special: 4,
} as const

/** A directory that was finished, with what its entry needs besides the status record. */
export interface FinishedDirectory extends StoredDirectory {
  readonly extras: Buffer
}

/** Consecutive entries of one directory, in columns. */
export class Slice {
  readonly count: number
  readonly records: Uint8Array
  readonly words: Uint32Array
  /** Where each name begins in the directory's names, behind its length. */
  readonly nameOffsets: Uint32Array
  readonly fates: Uint8Array
  /** None for directories when everything is read: a page of unchanged directories would be taken over wherever it lies. */
  readonly parentPages: (TreePage | undefined)[] = []
  readonly parentIndexes: Uint32Array
  readonly results: (Buffer | undefined)[] = []
  readonly resultOffsets: Uint32Array
  readonly directories: Map<number, FinishedDirectory> = new Map()
  readonly extras: Map<number, Buffer> = new Map()
  /** Next entry to look at. */
  position = 0
  /** Files that are being read and directories below that are not finished. */
  pending = 0
  isScanned = false

  constructor(count: number) {
    this.count = count
    this.records = new Uint8Array(count * STAT_RECORD_BYTES)
    this.words = new Uint32Array(this.records.buffer)
    this.nameOffsets = new Uint32Array(count)
    this.fates = new Uint8Array(count)
    this.parentIndexes = new Uint32Array(count)
    this.resultOffsets = new Uint32Array(count)
  }
}

export interface DirectoryPlace {
  readonly job: DirectoryJob
  readonly slice: Slice
  readonly index: number
}

/** One directory on its way into the snapshot. */
export class DirectoryJob {
  /** Where the finished directory belongs; null for the root. */
  readonly place: DirectoryPlace | null
  readonly name: Buffer
  /** Open while names are looked up below it; shared with the workers that read its files. */
  readonly descriptor: number
  readonly names: Buffer
  readonly entryCount: number
  readonly extent: DirectoryExtent
  readonly parent: ParentCursor
  readonly extras: Buffer
  readonly slices: Slice[] = []
  writer: DirectoryWriter | null = null
  nextName = 0
  scannedEntries = 0
  /** Files in workers' hands plus one for the walk itself; at 0 the descriptor is closed. */
  users = 1
  isWalked = false
  isFinished = false
  #path: Buffer | undefined

  constructor(fields: {
    place: DirectoryPlace | null
    name: Buffer
    descriptor: number
    names: Buffer
    entryCount: number
    extent: DirectoryExtent
    parent: ParentCursor
    extras: Buffer
  }) {
    this.place = fields.place
    this.name = fields.name
    this.descriptor = fields.descriptor
    this.names = fields.names
    this.entryCount = fields.entryCount
    this.extent = fields.extent
    this.parent = fields.parent
    this.extras = fields.extras
  }

  /** Whether the entries are those that were asked for, instead of all that there are. */
  get isOfNamed(): boolean {
    return this.extent.saves === 'named'
  }

  /** Path below the base, with a leading slash; empty for the base itself. */
  get path(): Buffer {
    if (this.#path) return this.#path
    if (!this.place) return Buffer.alloc(0)
    const components = [this.name]
    for (let { job } = this.place; job.place; job = job.place.job) components.push(job.name)
    this.#path = joinPath(components.reverse())
    return this.#path
  }

  nameOf(slice: Slice, index: number): Buffer {
    const start = slice.nameOffsets[index]
    return this.names.subarray(start, start + this.names.readUInt16LE(start - 2))
  }

  pathOf(slice: Slice, index: number): Buffer {
    return Buffer.concat([this.path, Buffer.from('/'), this.nameOf(slice, index)])
  }
}

/** Where the results of a batch of files belong, file by file. */
export interface BatchTargets {
  readonly slices: Slice[]
  readonly jobs: DirectoryJob[]
  readonly indexes: number[]
}
