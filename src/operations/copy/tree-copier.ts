import { DirectoryReader, type PageReference } from '../../format/tree/directory-reader.ts'
import { DirectoryWriter, type StoredDirectory } from '../../format/tree/directory-writer.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { DamageError } from '../../foundation/errors.ts'
import { isLoss } from '../../repository/loss.ts'
import { PlacesAhead } from '../../repository/places-ahead.ts'
import type { Repository } from '../../repository/repository.ts'
import { treeDepthMax } from '../../repository/tree-walk.ts'
import { ReferenceColumns, type ContentBatch, type CopiedContents } from './content-batch.ts'
import type { CopyProgress } from './copy-counts.ts'
import { CopiedDirectory, fate, PageSlice, type DirectoryPlace } from './copy-directory.ts'
import { relayedBytesMin } from './relayed-contents.ts'
import { EntryCopier } from './entry-copier.ts'
import type { KnownEntries } from './known-entries.ts'

/** Where what is copied goes. */
export interface CopyOutput {
  storeTree(bytes: Buffer): Buffer
  /** @param isOnly whether this batch is all that the run has to read */
  copyBatch(batch: ContentBatch, isOnly: boolean): Promise<CopiedContents>
  /** Resolves when another batch may be given out. */
  room(): Promise<void>
}

/** Where files of a batch belong. */
interface BatchTargets {
  readonly directories: CopiedDirectory[]
  readonly slices: PageSlice[]
  readonly indexes: number[]
}

/** Pages on the way down and of directories that wait for contents, in bytes. Honest ones have at most 1 MiB, and few are that long. */
const heldBytesMax = 256 * 1024 * 1024

/** From here on a file tells of its progress while it is read (content-copier.ts). In bytes. */
const largeFileBytes = 1024 * 1024

/**
 * Copies the tree of a snapshot: walks it depth first, takes from the target what is known to be the same there, has the rest read in batches, and
 * writes the target's pages as contents come in. What is lost in the source is told, and the walk goes on to tell of all of it; the tree is of
 * no use then.
 */
export class TreeCopier {
  readonly #output: CopyOutput
  readonly #progress: CopyProgress
  readonly #onLost: (path: Buffer, message: string) => void
  readonly #reader: DirectoryReader
  readonly #ahead: PlacesAhead
  readonly #emitter = new EntryCopier()
  readonly #stack: CopiedDirectory[] = []
  readonly #idleWriters: DirectoryWriter[] = []
  readonly #batch = new ReferenceColumns()
  readonly #inFlight = new Set<Promise<void>>()
  #targets: BatchTargets = newTargets()
  #batchCount = 0
  #heldBytes = 0
  #root: StoredDirectory | undefined
  #failure: unknown

  /** @param entryCountMax entries that the snapshot says it has */
  constructor(
    source: Repository,
    entryCountMax: number,
    options: {
      readonly output: CopyOutput
      readonly progress: CopyProgress
      readonly onLost: (path: Buffer, message: string) => void
    },
  ) {
    this.#output = options.output
    this.#progress = options.progress
    this.#onLost = options.onLost
    this.#ahead = new PlacesAhead(source, undefined)
    // A copy, because the view would keep its whole segment in memory for as long as the directory is on its way.
    this.#reader = new DirectoryReader(
      (id, bytes) => Buffer.from(this.#ahead.readPage(id, bytes)),
      entryCountMax,
    )
  }

  /** @throws {RepositoryError} and whatever else ends a run; what is lost in the source is told to `onLost` */
  async copy(
    top: PageReference,
    known: KnownEntries,
    signal: AbortSignal | undefined,
  ): Promise<StoredDirectory> {
    try {
      this.#push(null, top, known)
      while (this.#stack.length > 0) {
        signal?.throwIfAborted()
        this.#step(this.#stack[this.#stack.length - 1])
        if (this.#failure !== undefined) throw this.#failure
        if (!this.#batch.isFull && this.#heldBytes <= heldBytesMax) continue
        await this.#output.room()
        this.#submit(false)
        await this.#settleHeld()
      }
      this.#submit(true)
      while (this.#inFlight.size > 0) {
        await Promise.race(this.#inFlight)
        signal?.throwIfAborted()
        if (this.#failure !== undefined) throw this.#failure
      }
    } catch (error) {
      await Promise.allSettled(this.#inFlight)
      throw error
    }
    if (!this.#root) throw new RangeError('The walk ended without a root')
    return this.#root
  }

  /** Directories wait for their files: behind one that takes long, pages would pile up. */
  async #settleHeld(): Promise<void> {
    while (this.#heldBytes > heldBytesMax && this.#inFlight.size > 0) {
      await Promise.race(this.#inFlight)
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  #push(place: DirectoryPlace | null, top: PageReference, known: KnownEntries): void {
    const reference = { id: Buffer.from(top.id), bytes: top.bytes }
    this.#stack.push(new CopiedDirectory(place, this.#reader.pages(reference), known))
  }

  /** Goes on with a directory until it meets another one, a full batch or its end. */
  #step(directory: CopiedDirectory): void {
    let slice = directory.slices.at(-1)
    if (!slice || slice.isScanned) {
      const page = this.#nextPage(directory)
      if (!page) {
        this.#stack.pop()
        directory.isWalked = true
        this.#emitReady(directory)
        return
      }
      this.#ahead.add(page)
      slice = new PageSlice(page)
      directory.slices.push(slice)
    }
    while (slice.position < slice.page.entryCount) {
      const index = slice.position++
      if (this.#scanEntry(directory, slice, index) || this.#batch.isFull) return
    }
    slice.isScanned = true
    this.#progress.tick()
    this.#emitReady(directory)
  }

  #nextPage(directory: CopiedDirectory): TreePage | null {
    try {
      if (directory.depth > treeDepthMax) {
        throw new DamageError(`Cannot copy a tree: it is more than ${treeDepthMax} deep`)
      }
      // Nothing is waited for any more: all of it lies on the way down.
      if (this.#heldBytes > heldBytesMax && this.#inFlight.size === 0) {
        throw new DamageError('Cannot copy a tree: its folders take too much memory')
      }
      const next = directory.pages.next()
      if (next.done) return null
      this.#heldBytes += next.value.bytes.length
      return next.value
    } catch (error) {
      if (!isLoss(error)) throw error
      this.#lose(directory.path, error.message)
      return null
    }
  }

  /** @returns whether it is a directory that is gone into */
  #scanEntry(directory: CopiedDirectory, slice: PageSlice, index: number): boolean {
    const { page } = slice
    const mode = page.mode(index)
    const known = directory.known.find(page, index)
    if (known) {
      slice.knownPages[index] = known.page
      slice.knownIndexes[index] = known.index
    }
    if (isDirectory(mode)) {
      if (known?.isSame === true) {
        slice.fates[index] = fate.taken
        this.#progress.settle(page.sizeOf(index), 0)
        return false
      }
      slice.fates[index] = fate.directory
      slice.pending += 1
      const reference = page.chunkOffsets[index]
      const top = { id: page.chunkId(reference), bytes: page.chunkBytes(reference) }
      this.#push({ directory, slice, index }, top, directory.known.below())
      return true
    }
    if (isRegular(mode)) this.#scanFile(directory, slice, index, known?.isSame === true)
    return false
  }

  #scanFile(directory: CopiedDirectory, slice: PageSlice, index: number, isKnown: boolean): void {
    const { page } = slice
    const { counts } = this.#progress
    counts.files += 1
    if (page.chunkCountOf(index) === 0) return
    if (isKnown) {
      slice.fates[index] = fate.taken
      this.#progress.settle(page.sizeOf(index), 0)
      return
    }
    counts.filesRead += 1
    slice.fates[index] = fate.read
    slice.pending += 1
    // All threads copy a long file, and small ones must not wait until it is stored.
    if (page.sizeOf(index) >= relayedBytesMin) this.#submit(false)
    this.#batch.addEntry(page, index)
    this.#targets.directories.push(directory)
    this.#targets.slices.push(slice)
    this.#targets.indexes.push(index)
  }

  #submit(isLast: boolean): void {
    if (this.#batch.fileCount === 0) return
    const targets = this.#targets
    this.#targets = newTargets()
    const isOnly = isLast && this.#batchCount === 0
    this.#batchCount += 1
    const copying: Promise<void> = this.#output
      .copyBatch(this.#batch.take(), isOnly)
      .then((copied) => this.#receive(targets, copied))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#inFlight.delete(copying))
    this.#inFlight.add(copying)
  }

  #receive({ directories, slices, indexes }: BatchTargets, copied: CopiedContents): void {
    for (const { file, message } of copied.lost) {
      this.#lose(directories[file].pathOf(slices[file], indexes[file]), message)
    }
    for (const [file, slice] of slices.entries()) {
      const index = indexes[file]
      slice.contents[index] = copied
      slice.contentFiles[index] = file
      slice.pending -= 1
      const bytes = slice.page.sizeOf(index)
      this.#progress.counts.bytesRead += bytes
      this.#progress.settle(bytes, bytes > largeFileBytes ? bytes : 0)
    }
    this.#progress.tick()
    // Files of a directory lie together in a batch, so each directory is looked at once or a few times.
    let previous: CopiedDirectory | undefined
    for (const directory of directories) {
      if (directory !== previous) this.#emitReady(directory)
      previous = directory
    }
  }

  #lose(path: Buffer, message: string): void {
    this.#progress.counts.lost += 1
    this.#onLost(path, message)
  }

  /** Writes what is complete, and goes up as long as that completes directories. */
  #emitReady(first: CopiedDirectory): void {
    let directory = first
    for (;;) {
      this.#emitSlices(directory)
      if (!directory.isWalked || directory.slices.length > 0 || directory.isFinished) return
      directory.isFinished = true
      const writer = directory.writer ?? this.#takeWriter()
      directory.writer = null
      const stored = writer.finish()
      this.#idleWriters.push(writer)
      if (!directory.place) {
        this.#root = stored
        return
      }
      const { directory: above, slice, index } = directory.place
      slice.directories.set(index, stored)
      slice.pending -= 1
      directory = above
    }
  }

  #emitSlices(directory: CopiedDirectory): void {
    for (;;) {
      const slice = directory.slices[0]
      if (!slice?.isScanned || slice.pending > 0) return
      directory.writer ??= this.#takeWriter()
      // Of a tree with a loss nothing is kept, and a file without references could not be written.
      if (this.#progress.counts.lost === 0) {
        for (let index = 0; index < slice.page.entryCount; index++) {
          this.#emitter.emit(slice, index, directory.writer)
        }
      }
      directory.slices.shift()
      this.#heldBytes -= slice.page.bytes.length
    }
  }

  #takeWriter(): DirectoryWriter {
    return this.#idleWriters.pop() ?? new DirectoryWriter((bytes) => this.#output.storeTree(bytes))
  }
}

function newTargets(): BatchTargets {
  return { directories: [], slices: [], indexes: [] }
}
