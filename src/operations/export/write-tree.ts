import { encodeTarHeader, paddingOf } from '../../format/archive/encode-tar-header.ts'
import type { GzipWriter } from '../../format/archive/gzip-writer.ts'
import { isDirectory, isRegular } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { BlobReader } from '../../repository/blob-reader.ts'
import { chunksAhead, contentAhead, type ChunksAhead } from '../../repository/content-ahead.ts'
import { rootOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { SegmentReader } from '../../repository/segment-reader.ts'
import {
  entryCountOf,
  walkedPath,
  walkTree,
  type WalkedDirectory,
} from '../../repository/tree-walk.ts'
import { composeArchiveEntry, linkKeyOf } from './compose-archive-entry.ts'

/** Decoded segments to keep: files that lie together were mostly saved together. */
const cacheBytes = 32 * 1024 * 1024
const zeros = Buffer.alloc(64 * 1024)

export interface TreeWriting {
  readonly gzip: GzipWriter
  readonly signal: AbortSignal | undefined
  /** Whether an entry belongs into the archive; of a folder also, whether something in it may. Without it, everything does. */
  readonly isWanted?: (path: Buffer, isFolder: boolean) => boolean
  /** After each member, and now and then within a long one. */
  readonly onProgress: (files: number, bytes: number) => void
}

export interface WrittenTree {
  readonly files: number
  readonly bytes: number
}

/**
 * Writes every entry of a snapshot as members of an archive: a folder right before what is in it, so that a reader that gives a folder its times when
 * it leaves it does so once. Every chunk is checked before it is written.
 *
 * @throws {RepositoryError} when something of it is lost: an archive is whole or is not made
 */
export async function writeTree(
  repository: Repository,
  snapshot: Snapshot,
  writing: TreeWriting,
): Promise<WrittenTree> {
  return await new TreeWriter(repository, writing).write(snapshot)
}

class TreeWriter {
  readonly #repository: Repository
  readonly #writing: TreeWriting
  readonly #blobs: BlobReader
  readonly #chunks: ChunksAhead
  /** Path of the first member of each group of hard links. */
  readonly #firstPaths = new Map<string, Buffer>()
  #files = 0
  #bytes = 0

  constructor(repository: Repository, writing: TreeWriting) {
    this.#repository = repository
    this.#writing = writing
    // Bytes are copied out before the next read, so its memory can be used again.
    this.#blobs = new BlobReader(
      repository.context,
      {
        findBlob: (id) => repository.catalogue.blobs.find(id),
        findAll: (id) => repository.catalogue.blobs.findAll(id),
      },
      new SegmentReader(repository.context, repository.storage, cacheBytes, true),
    )
    this.#chunks = chunksAhead(repository, this.#blobs)
  }

  async write(snapshot: Snapshot): Promise<WrittenTree> {
    const entered: { directory: WalkedDirectory; page: TreePage; index: number }[] = []
    const walk = walkTree(this.#repository, rootOf(snapshot), entryCountOf(snapshot), {
      enter: ({ directory, page }, index) => {
        if (!this.#isWanted(walkedPath(directory, page.name(index)).subarray(1), true)) return false
        entered.push({ directory, page, index })
        return true
      },
    })
    const writeEntered = (): void => {
      for (const { directory, page, index } of entered.splice(0)) {
        this.#writeHeader(walkedPath(directory, page.name(index)).subarray(1), page, index)
      }
    }
    for (const { directory, page } of walk) {
      writeEntered()
      for (let index = 0; index < page.entryCount; index++) {
        if (isDirectory(page.mode(index))) continue
        const path = walkedPath(directory, page.name(index)).subarray(1)
        if (this.#isWanted(path, false)) await this.#writeEntry(path, page, index)
      }
    }
    writeEntered()
    return { files: this.#files, bytes: this.#bytes }
  }

  #isWanted(path: Buffer, isFolder: boolean): boolean {
    return this.#writing.isWanted?.(path, isFolder) ?? true
  }

  async #writeEntry(path: Buffer, page: TreePage, index: number): Promise<void> {
    const { gzip, signal, onProgress } = this.#writing
    if (isRegular(page.mode(index))) this.#files += 1
    if (!this.#writeHeader(path, page, index)) {
      if (isRegular(page.mode(index))) await this.#writeContent(path, page, index)
    }
    if (gzip.isFull) {
      signal?.throwIfAborted()
      await gzip.room()
    }
    onProgress(this.#files, this.#bytes)
  }

  /** @returns whether it is another name of a member that was written before, so that no content follows */
  #writeHeader(path: Buffer, page: TreePage, index: number): boolean {
    const key = linkKeyOf(page, index)
    const first = key === null ? undefined : this.#firstPaths.get(key)
    if (key !== null && !first) this.#firstPaths.set(key, Buffer.from(path))
    const entry = composeArchiveEntry(page, index, path, first)
    this.#writing.gzip.write(encodeTarHeader(entry))
    return first !== undefined
  }

  async #writeContent(path: Buffer, page: TreePage, index: number): Promise<void> {
    const { gzip, signal, onProgress } = this.#writing
    const size = page.sizeOf(index)
    try {
      const content = contentAhead(this.#chunks, { page, index }, { start: 0, end: size }, (id) =>
        this.#repository.trees.readList(id),
      )
      while (content.next()) {
        if (content.isHole) await this.#writeZeros(content.bytes)
        else gzip.write(this.#blobs.read(blobKinds.data, content.id, content.bytes))
        this.#bytes += content.bytes
        if (!gzip.isFull) continue
        signal?.throwIfAborted()
        await gzip.room()
        onProgress(this.#files, this.#bytes)
      }
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error
      throw new RepositoryError(
        error.code,
        `Cannot export "${escapeBytes(path)}": ${error.message}`,
        { cause: error, remedy: error.remedy, facts: error.facts },
      )
    }
    gzip.write(zeros.subarray(0, paddingOf(size)))
  }

  async #writeZeros(lengthBytes: number): Promise<void> {
    const { gzip, signal } = this.#writing
    for (let left = lengthBytes; left > 0; left -= zeros.length) {
      gzip.write(zeros.subarray(0, Math.min(left, zeros.length)))
      if (!gzip.isFull) continue
      signal?.throwIfAborted()
      await gzip.room()
    }
  }
}
