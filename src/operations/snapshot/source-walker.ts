import { treeDepthMax } from '../../repository/tree-walk.ts'
import { closeOnError, closeUnwritten } from '../../filesystem/posix/close-unwritten.ts'
import { FOLLOW_LINKS, posix, type DirectoryListing } from '../../filesystem/posix/posix.ts'
import {
  createStatRecords,
  FILE_TYPE,
  readSafeUint64,
  STAT_OFFSET,
} from '../../filesystem/posix/stat-record.ts'
import { DirectoryWriter, type StoredDirectory } from '../../format/tree/directory-writer.ts'
import { encodeExtras } from '../../format/tree/extras.ts'
import {
  DirectoryJob,
  fate,
  recordWords,
  Slice,
  sliceEntriesMax,
  type DirectoryPlace,
  type BatchTargets,
} from './directory-job.ts'
import { extentOf, namedChild, type DirectoryExtent } from './directory-extent.ts'
import { EntryEmitter } from './entry-emitter.ts'
import {
  deviceKey,
  inodeKey,
  listNamed,
  reasonOf,
  repositoryAsSource,
  sizeOf,
  statNamed,
  statusWord,
} from './entry-status.ts'
import { isMarkedForExclusion } from './exclusion-marker.ts'
import type { OpenParentDirectory } from '../../repository/parent-directories.ts'
import { ParentCursor } from './parent-cursor.ts'
import { FILE_RESULT, fileOutcome, ReadBatchBuilder } from './read-batch.ts'
import type { SourceNode } from './source-tree.ts'
import { readSpecialExtras } from './special-extras.ts'
import type { WalkObserver, WalkOutput, WalkRules } from './walk-contract.ts'
import { openDirectoriesMaxOf } from './open-directories-max.ts'
import type { WalkCounts } from './walk-counts.ts'

/**
 * Walks the sources depth first, decides for each entry whether it has to be read, and builds the directories' pages as their
 * contents come in.
 *
 * Nothing is followed below the paths that were named: directories are opened one component at a time from the descriptor of the one above, so a
 * directory that is swapped for a link meanwhile leads nowhere. An explicit stack takes trees of any depth.
 */
export class SourceWalker {
  readonly #rules: WalkRules
  readonly #observer: WalkObserver
  readonly #output: WalkOutput
  readonly #counts: WalkCounts
  readonly #openParent: OpenParentDirectory | null
  readonly #emitter: EntryEmitter
  readonly #stack: DirectoryJob[] = []
  readonly #idleWriters: DirectoryWriter[] = []
  readonly #batch = new ReadBatchBuilder()
  readonly #inFlight = new Set<Promise<void>>()
  #targets: BatchTargets = { slices: [], jobs: [], indexes: [] }
  readonly #openDirectoriesMax: number
  #openDirectories = 0
  #batchCount = 0
  #root: StoredDirectory | undefined
  #failure: unknown

  constructor(options: {
    rules: WalkRules
    observer: WalkObserver
    output: WalkOutput
    counts: WalkCounts
    openParent: OpenParentDirectory | null
  }) {
    this.#rules = options.rules
    this.#observer = options.observer
    this.#output = options.output
    this.#counts = options.counts
    this.#openParent = options.openParent
    this.#openDirectoriesMax = openDirectoriesMaxOf(posix.raiseFileDescriptorLimit())
    const onRefused = (path: Buffer, error: Error): void => this.#unreadable(path, error.message)
    this.#emitter = new EntryEmitter(onRefused, !options.rules.readAll)
  }

  /**
   * @param base descriptor of the base directory; closed by the walk
   * @param parentRoot top page of the parent snapshot's root, if there is one
   * @throws {RepositoryError} and whatever else ends a run; faults of single sources are reported to the observer
   */
  async walk(
    base: number,
    source: SourceNode,
    parentRoot: { id: Buffer; bytes: number } | null,
    signal: AbortSignal | undefined,
  ): Promise<StoredDirectory> {
    try {
      this.#stack.push(closeOnError(base, () => this.#openRoot(base, source, parentRoot)))
      while (this.#stack.length > 0) {
        signal?.throwIfAborted()
        this.#step(this.#stack[this.#stack.length - 1])
        if (this.#failure !== undefined) throw this.#failure
        const isHeldBack = this.#batch.isFull || this.#openDirectories >= this.#openDirectoriesMax
        const pause = isHeldBack ? this.#makeRoom() : this.#output.turn()
        if (pause) await pause
      }
      this.#submit(true)
      while (this.#inFlight.size > 0) {
        await Promise.race(this.#inFlight)
        signal?.throwIfAborted()
        if (this.#failure !== undefined) throw this.#failure
      }
    } catch (error) {
      await this.#abandon()
      throw error
    }
    if (!this.#root) throw new RangeError('The walk ended without a root')
    return this.#root
  }

  async #makeRoom(): Promise<void> {
    await this.#output.room()
    this.#submit(false)
    // Directories wait for their files: without this a tree of many small ones would hold too many descriptors.
    while (this.#openDirectories >= this.#openDirectoriesMax && this.#inFlight.size > 0) {
      await Promise.race(this.#inFlight)
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  async #abandon(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    // Also of the files that were collected for the next batch.
    for (const job of [...this.#stack, ...this.#targets.jobs]) this.#release(job)
    this.#stack.length = 0
  }

  #openRoot(
    descriptor: number,
    source: SourceNode,
    parentRoot: { id: Buffer; bytes: number } | null,
  ): DirectoryJob {
    const record = createStatRecords(1)
    posix.fstat(descriptor, record.bytes)
    const words = new Uint32Array(record.bytes.buffer)
    if (this.#rules.forbidden.has(inodeKey(words, 0))) throw repositoryAsSource()
    const pages =
      parentRoot && this.#openParent ? this.#openParent(parentRoot.id, parentRoot.bytes) : null
    return this.#startJob({
      place: null,
      name: Buffer.alloc(0),
      descriptor,
      extent: {
        saves: source.isWhole ? 'everything' : 'named',
        named: source,
        device: deviceKey(words, 0),
      },
      parent: new ParentCursor(pages),
    })
  }

  #startJob(
    directory: Pick<DirectoryJob, 'place' | 'name' | 'descriptor' | 'extent' | 'parent'>,
  ): DirectoryJob {
    const { place, descriptor, extent } = directory
    this.#openDirectories += 1
    let listing: DirectoryListing = { names: Buffer.alloc(0), count: 0 }
    let extras: Buffer = Buffer.alloc(0)
    try {
      if (extent.saves === 'named' && extent.named) listing = listNamed(extent.named)
      else if (extent.saves === 'everything') listing = posix.listDirectory(descriptor)
      extras = encodeExtras({ attributes: posix.getXattrs(descriptor) })
    } catch (error) {
      const path = place?.job.pathOf(place.slice, place.index) ?? Buffer.from('/')
      this.#fail(path, error, place?.job.isOfNamed ?? true)
    }
    const { names, count: entryCount } = listing
    return new DirectoryJob({ ...directory, names, entryCount, extras })
  }

  /** Goes on with a directory until it meets another one, a full batch or its end. */
  #step(job: DirectoryJob): void {
    let slice = job.slices.at(-1)
    if (!slice || slice.isScanned) {
      slice = this.#nextSlice(job)
      if (!slice) {
        this.#stack.pop()
        job.isWalked = true
        this.#release(job)
        this.#emitReady(job)
        return
      }
    }
    while (slice.position < slice.count) {
      const index = slice.position++
      const child = this.#scanEntry(job, slice, index)
      if (child) {
        this.#stack.push(child)
        return
      }
      if (this.#batch.isFull) return
    }
    slice.isScanned = true
    this.#observer.onProgress()
    this.#emitReady(job)
  }

  #nextSlice(job: DirectoryJob): Slice | undefined {
    const count = Math.min(sliceEntriesMax, job.entryCount - job.scannedEntries)
    if (count === 0) return undefined
    const slice = new Slice(count)
    let at = job.nextName
    for (let index = 0; index < count; index++) {
      slice.nameOffsets[index] = at + 2
      at += 2 + job.names.readUInt16LE(at)
    }
    if (job.isOfNamed) statNamed(job, slice)
    else posix.statEntries(job.descriptor, job.names, job.nextName, count, slice.records)
    job.nextName = at
    job.scannedEntries += count
    job.slices.push(slice)
    return slice
  }

  /** @returns the directory to go into, if the entry is one */
  #scanEntry(job: DirectoryJob, slice: Slice, index: number): DirectoryJob | null {
    const at = index * recordWords
    const { words } = slice
    const nameStart = slice.nameOffsets[index]
    const nameEnd = nameStart + job.names.readUInt16LE(nameStart - 2)
    const isInParent = job.parent.find(job.names, nameStart, nameEnd)
    if (words[at + statusWord.status] !== 0) {
      const code = posix.errnoName(words[at + statusWord.status])
      this.#fail(job.pathOf(slice, index), { code }, job.isOfNamed)
      return null
    }
    const type = words[at + statusWord.mode] & FILE_TYPE.mask
    const isExcluded = this.#isExcluded(job, slice, index, type)
    if (isExcluded && !namedChild(job, job.nameOf(slice, index))) return null
    switch (type) {
      case FILE_TYPE.regular:
        this.#scanFile(job, slice, index, isInParent)
        return null
      case FILE_TYPE.directory:
        return this.#scanDirectory({ job, slice, index }, isInParent, isExcluded)
      case FILE_TYPE.socket:
        this.#observer.onNotice(job.pathOf(slice, index), 'a socket is not saved')
        return null
      default:
        this.#scanSpecial(job, slice, index)
        return null
    }
  }

  #isExcluded(job: DirectoryJob, slice: Slice, index: number, type: number): boolean {
    const { excludes, fileBytesMax } = this.#rules
    // A path that was named is saved whatever the rules say.
    if (job.isOfNamed) return false
    if (type === FILE_TYPE.regular && sizeOf(slice, index) > fileBytesMax) return true
    if (excludes.isEmpty) return false
    const path = job.pathOf(slice, index).toString()
    return excludes.excludes(path, type === FILE_TYPE.directory)
  }

  #scanFile(job: DirectoryJob, slice: Slice, index: number, isInParent: boolean): void {
    this.#counts.files += 1
    const at = index * recordWords
    const bytes = sizeOf(slice, index)
    if (isInParent && !this.#rules.readAll && job.parent.isUnchanged(slice.words, at)) {
      slice.fates[index] = fate.unchanged
      slice.parentPages[index] = job.parent.page
      slice.parentIndexes[index] = job.parent.index
      this.#counts.unchangedFiles += 1
      this.#counts.bytes += bytes
      this.#counts.bytesDone += bytes
      return
    }
    if (isInParent) {
      slice.parentPages[index] = job.parent.page
      this.#counts.changedFiles += 1
    } else {
      this.#counts.newFiles += 1
    }
    if (!this.#output.readBatch) {
      this.#counts.bytes += bytes
      return
    }
    slice.fates[index] = fate.read
    slice.pending += 1
    job.users += 1
    // Whoever reads everything because of a doubt asks the catalogue about each blob.
    const former = isInParent && !this.#rules.readAll ? job.parent.contentIds : undefined
    if (bytes >= this.#output.ownBatchBytesMin) this.#submit(false)
    this.#batch.add(job.descriptor, job.nameOf(slice, index), bytes, former)
    this.#targets.slices.push(slice)
    this.#targets.jobs.push(job)
    this.#targets.indexes.push(index)
  }

  #scanDirectory(
    place: DirectoryPlace,
    isInParent: boolean,
    isExcluded: boolean,
  ): DirectoryJob | null {
    const { job, slice, index } = place
    const at = index * recordWords
    if (this.#rules.forbidden.has(inodeKey(slice.words, at))) {
      this.#observer.onNotice(job.pathOf(slice, index), 'the repository itself is not saved')
      return null
    }
    if (this.#stack.length > treeDepthMax) {
      this.#unreadable(job.pathOf(slice, index), `it is more than ${treeDepthMax} folders deep`)
      return null
    }
    const name = Buffer.from(job.nameOf(slice, index))
    // First, because the repository may fail in it, and nothing has to be closed yet.
    const parent = isInParent ? this.#parentBelow(job.parent) : ParentCursor.none
    let descriptor: number
    try {
      descriptor = posix.openDirectory(job.descriptor, name, job.isOfNamed ? FOLLOW_LINKS : 0)
    } catch (error) {
      this.#fail(job.pathOf(slice, index), error, job.isOfNamed)
      return null
    }
    this.#counts.directories += 1
    slice.fates[index] = fate.directory
    slice.pending += 1
    if (isInParent && !this.#rules.readAll) {
      slice.parentPages[index] = job.parent.page
      slice.parentIndexes[index] = job.parent.index
    }
    return this.#startJob({
      place,
      name,
      descriptor,
      extent: this.#extentOf(place, name, descriptor, isExcluded),
      parent,
    })
  }

  #extentOf(
    { job, slice, index }: DirectoryPlace,
    name: Buffer,
    descriptor: number,
    isExcluded: boolean,
  ): DirectoryExtent {
    const { oneFileSystem, markers } = this.#rules
    const device = deviceKey(slice.words, index * recordWords)
    const named = namedChild(job, name)
    const extent = extentOf(job.extent, named, { isExcluded, device }, oneFileSystem)
    // Marked directories are saved themselves, without what is in them.
    const isMarked = extent.saves === 'everything' && isMarkedForExclusion(descriptor, markers)
    return isMarked ? { ...extent, saves: 'nothing' } : extent
  }

  #parentBelow(cursor: ParentCursor): ParentCursor {
    if (!this.#openParent || !cursor.isDirectory) return ParentCursor.none
    const { page, index } = cursor
    const reference = page.chunkOffsets[index]
    return new ParentCursor(this.#openParent(page.chunkId(reference), page.chunkBytes(reference)))
  }

  #scanSpecial(job: DirectoryJob, slice: Slice, index: number): void {
    const name = job.nameOf(slice, index)
    const at = index * recordWords
    try {
      slice.extras.set(index, readSpecialExtras(job.descriptor, name, slice.words, at))
      slice.fates[index] = fate.special
      this.#counts.others += 1
    } catch (error) {
      this.#fail(job.pathOf(slice, index), error, job.isOfNamed)
    }
  }

  /** What was listed a moment ago and is gone was not there to be saved; what a person asked for should be. */
  #fail(path: Buffer, error: unknown, isNamed: boolean): void {
    const reason = reasonOf(error)
    if (reason === 'ENOENT' && !isNamed) {
      this.#observer.onNotice(path, 'it vanished before it could be read')
    } else {
      this.#unreadable(path, reason)
    }
  }

  #submit(isLast: boolean): void {
    if (this.#batch.count === 0 || !this.#output.readBatch) return
    const targets = this.#targets
    this.#targets = { slices: [], jobs: [], indexes: [] }
    const isOnly = isLast && this.#batchCount === 0
    this.#batchCount += 1
    const reading: Promise<void> = this.#output
      .readBatch(this.#batch.take(), isOnly)
      .then((results) => {
        this.#receive(targets, results)
        this.#emitTouched(targets.jobs)
      })
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => {
        this.#inFlight.delete(reading)
        for (const job of targets.jobs) this.#release(job)
      })
    this.#inFlight.add(reading)
  }

  #receive(targets: BatchTargets, results: Buffer): void {
    let at = 0
    for (let file = 0; file < targets.slices.length; file++) {
      const slice = targets.slices[file]
      const job = targets.jobs[file]
      const index = targets.indexes[file]
      const outcome = results.readUInt32LE(at + FILE_RESULT.outcome)
      if (outcome === fileOutcome.stored) {
        slice.results[index] = results
        slice.resultOffsets[index] = at
        this.#countRead(job, slice, index, results, at)
      } else {
        slice.fates[index] = fate.leftOut
        this.#failRead(job, slice, index, results.readUInt32LE(at + FILE_RESULT.errno))
      }
      at += results.readUInt32LE(at + FILE_RESULT.totalBytes)
      slice.pending -= 1
    }
    this.#observer.onProgress()
  }

  /** Files of a directory lie together in a batch, so each directory is looked at once or a few times. */
  #emitTouched(jobs: readonly DirectoryJob[]): void {
    let previous: DirectoryJob | undefined
    for (const job of jobs) {
      if (job !== previous) this.#emitReady(job)
      previous = job
    }
  }

  #countRead(job: DirectoryJob, slice: Slice, index: number, results: Buffer, at: number): void {
    const status = new DataView(results.buffer, results.byteOffset + at + FILE_RESULT.status)
    const bytes = readSafeUint64(status, STAT_OFFSET.size)
    this.#counts.bytes += bytes
    this.#counts.bytesDone += bytes
    const flags = results.readUInt32LE(at + FILE_RESULT.entryFlags)
    if ((flags & 4) !== 0) {
      this.#observer.onNotice(job.pathOf(slice, index), 'it changed while it was read')
    }
  }

  #failRead(job: DirectoryJob, slice: Slice, index: number, errno: number): void {
    this.#counts.files -= 1
    if (slice.parentPages[index]) this.#counts.changedFiles -= 1
    else this.#counts.newFiles -= 1
    this.#fail(job.pathOf(slice, index), { code: posix.errnoName(errno) }, job.isOfNamed)
  }

  #unreadable(path: Buffer, reason: string): void {
    this.#counts.unreadable += 1
    this.#observer.onUnreadable(path, reason)
  }

  #release(job: DirectoryJob): void {
    if (--job.users > 0) return
    this.#openDirectories -= 1
    closeUnwritten(job.descriptor)
  }

  /** Writes what is complete, and goes up as long as that completes directories. */
  #emitReady(first: DirectoryJob): void {
    let job: DirectoryJob | undefined = first
    while (job) {
      this.#emitSlices(job)
      if (!job.isWalked || job.slices.length > 0 || job.isFinished) return
      job.isFinished = true
      const writer: DirectoryWriter = job.writer ?? this.#takeWriter()
      job.writer = null
      const stored = writer.finish()
      this.#idleWriters.push(writer)
      if (!job.place) {
        this.#root = stored
        return
      }
      const { slice, index }: DirectoryPlace = job.place
      slice.directories.set(index, { ...stored, extras: job.extras })
      slice.pending -= 1
      job = job.place.job
    }
  }

  #emitSlices(job: DirectoryJob): void {
    for (;;) {
      const slice = job.slices[0]
      if (!slice?.isScanned || slice.pending > 0) return
      job.writer ??= this.#takeWriter()
      this.#emitter.emit(job, slice, job.writer)
      job.slices.shift()
    }
  }

  #takeWriter(): DirectoryWriter {
    return this.#idleWriters.pop() ?? new DirectoryWriter((bytes) => this.#output.storeTree(bytes))
  }
}
