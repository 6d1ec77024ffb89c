import type { SpecialFile } from '../../filesystem/write/special-files.ts'
import type { DirectoryHandle } from '../../filesystem/write/held-directories.ts'
import { openTarget, type SafeWriter } from '../../filesystem/write/safe-writer.ts'
import type { SmallFile } from '../../filesystem/write/small-file-writer.ts'
import { createBlobHasher, type BlobHasher } from '../../format/hashing/blob-hasher.ts'
import type { ContentReader } from '../../format/tree/content-reader.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import { decodeExtras } from '../../format/tree/extras.ts'
import { decodeTreePage, type TreePage } from '../../format/tree/tree-page.ts'
import { RepositoryError, TargetError } from '../../foundation/errors.ts'
import { contentAhead, type FileSpan } from '../../repository/content-ahead.ts'
import { isLoss } from '../../repository/loss.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { blobKinds } from '../../repository/segment-buffer.ts'
import { openWorkerBlobs, type WorkerBlobs } from '../../repository/worker-blobs.ts'
import { DirectoryStack } from './directory-stack.ts'
import { entryMetadata } from './entry-metadata.ts'
import {
  type ExistingFile,
  lookAtExisting,
  isLentByOthers,
  judgeExisting,
} from './existing-file.ts'
import { KeptBytes } from './kept-bytes.ts'
import {
  newRestoreReply,
  type FilePart,
  type RestoreReply,
  type RestoreUnit,
} from './restore-batch.ts'
import type { Overwrite } from './restore-options.ts'
import { referencesOf, type UnitReferences } from './unit-references.ts'

export interface PageRestorerSetup {
  readonly context: RepositoryContext
  readonly target: Uint8Array
  readonly overwrite: Overwrite
  readonly crossMounts: boolean
  readonly isUntrusted: boolean
}

const isRoot = process.geteuid?.() === 0

/** Files up to this size are written many at a time; larger ones piece by piece under a temporary name. In bytes. */
const smallFileBytesMax = 1024 * 1024
/** Contents of small files that are collected for one call, in bytes. */
const sourceBytes = 4 * 1024 * 1024
/** Decoded segments kept by one worker: several files apart in the tree may share one. In bytes. */
const segmentCacheBytes = 8 * 1024 * 1024
/** Blobs kept by one worker out of segments that a request needs here and there, in bytes. */
const keptBytes = 8 * 1024 * 1024

/** Writes the entries of pages into the target. For one thread. */
export class PageRestorer {
  readonly #overwrite: Overwrite
  readonly #blobs: WorkerBlobs
  readonly #writer: SafeWriter
  readonly #isUntrusted: boolean
  readonly #stack: DirectoryStack
  readonly #hasher: BlobHasher
  readonly #source = Buffer.allocUnsafeSlow(sourceBytes)
  readonly #kept = new KeptBytes(keptBytes)
  #files: (SmallFile & { readonly linkKey: string | null })[] = []
  #used = 0
  #reply: RestoreReply = newRestoreReply()

  constructor(setup: PageRestorerSetup) {
    this.#overwrite = setup.overwrite
    this.#isUntrusted = setup.isUntrusted
    this.#blobs = openWorkerBlobs(setup.context, segmentCacheBytes)
    this.#hasher = createBlobHasher(setup.context.keys.dataIdKey)
    this.#writer = this.#openTarget(setup)
    this.#stack = new DirectoryStack(this.#writer)
  }

  #openTarget(setup: PageRestorerSetup): SafeWriter {
    try {
      return openTarget(Buffer.from(setup.target), {
        crossMounts: setup.crossMounts,
        isUntrusted: setup.isUntrusted,
        onMetadataFailure: (path, { step, code, attribute }) => {
          const what = attribute === undefined ? step : `${step} "${attribute}"`
          this.#reply.failures.push({ message: `Cannot set ${what} of "${path}": ${code}` })
        },
      })
    } catch (error) {
      void this.#blobs.close()
      throw error
    }
  }

  /** @throws {RepositoryError} when the storage fails; lost data and faults of the target are in the reply */
  restore(units: readonly RestoreUnit[]): RestoreReply {
    this.#reply = newRestoreReply()
    const before = { ...this.#writer.skipped }
    const references = referencesOf(units, this.#blobs, this.#kept)
    for (const [number, unit] of units.entries()) {
      this.#restoreUnit(unit, references[number])
    }
    this.#flush()
    const { owner, setIdBits, attributes, devices } = this.#writer.skipped
    this.#reply.withheld = {
      owner: owner - before.owner,
      setIdBits: setIdBits - before.setIdBits,
      attributes: attributes - before.attributes,
      devices: devices - before.devices,
    }
    return this.#reply
  }

  /** @throws {RepositoryError} as `restore` */
  restorePart({ descriptor, path, page: bytes, index, start, end }: FilePart): RestoreReply {
    this.#reply = newRestoreReply()
    const page = decodeTreePage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    try {
      const content = this.#contentOf(page, index, { start, end })
      while (content.next() && content.offset < end) {
        if (content.isHole || content.offset < start) continue
        const chunk = this.#blobs.reader.read(blobKinds.data, content.id, content.bytes)
        this.#writer.writePart(descriptor, path, chunk, content.offset)
      }
    } catch (error) {
      if (error instanceof TargetError) this.#fail(error.message)
      else if (isLoss(error)) this.#fail(`Cannot restore "${path}": ${error.message}`)
      else throw error
    }
    return this.#reply
  }

  async close(): Promise<void> {
    this.#stack.leaveDownTo(0)
    this.#writer.close()
    await this.#blobs.close()
  }

  #restoreUnit(unit: RestoreUnit, references: UnitReferences | undefined): void {
    // What was collected refers to directories that may be left now.
    this.#flush()
    let directory: DirectoryHandle
    try {
      directory = this.#stack.enter(unit.components)
    } catch (error) {
      if (!(error instanceof TargetError)) throw error
      this.#fail(`${error.message} (${unit.indexes.length} entries below it are not restored)`)
      return
    }
    if (!references) return
    const { page } = references
    for (let item = 0; item < unit.indexes.length; item++) {
      const index = unit.indexes[item]
      try {
        this.#restoreEntry(directory, page, index, unit.linkKeys[item] ?? null, references)
      } catch (error) {
        if (!(error instanceof TargetError) && !isLoss(error)) throw error
        const path = this.#writer.describe(directory, page.name(index))
        this.#fail(
          error instanceof RepositoryError
            ? `Cannot restore "${path}": ${error.message}`
            : error.message,
        )
      }
    }
  }

  #restoreEntry(
    directory: DirectoryHandle,
    page: TreePage,
    index: number,
    linkKey: string | null,
    references: UnitReferences,
  ): void {
    if (!isRegular(page.mode(index))) {
      this.#restoreSpecial(directory, page, index, linkKey)
      return
    }
    const name = page.name(index)
    const existing = directory.isCreated ? undefined : this.#openExisting(directory, name)
    try {
      if (existing && this.#keepExisting(directory, page, index, existing, linkKey)) return
      const isSmall =
        page.sizeOf(index) <= smallFileBytesMax && depthOfFlags(page.flags(index)) === 0
      if (isSmall && !references.hasHole(index)) {
        this.#collectSmall(directory, page, index, linkKey, references)
      } else {
        this.#restoreLarge(directory, page, index, { existing, linkKey })
      }
    } finally {
      existing?.close()
    }
  }

  #openExisting(directory: DirectoryHandle, name: Buffer): ExistingFile | undefined {
    const descriptor = this.#writer.openExisting(directory, name)
    return descriptor === undefined ? undefined : lookAtExisting(descriptor, this.#hasher)
  }

  /** @returns whether the file stays: because of the rule, or because it has the content already */
  #keepExisting(
    directory: DirectoryHandle,
    page: TreePage,
    index: number,
    existing: ExistingFile,
    linkKey: string | null,
  ): boolean {
    const size = page.sizeOf(index)
    const verdict = judgeExisting(this.#overwrite, existing.status, {
      size,
      mtimeSec: page.mtimeSeconds(index),
      mtimeNsec: page.mtimeNs(index),
    })
    if (verdict === 'skip') {
      this.#reply.filesSkipped += 1
      return true
    }
    if (verdict === 'write' || linkKey !== null) return false
    // A file with other names may not be touched in place: the others would change with it.
    if (existing.status.nlink > 1) return false
    const uid = this.#isUntrusted ? 0 : page.uid(index)
    if (isRoot && isLentByOthers(existing.status, { uid, mode: page.mode(index) })) return false
    const isEqual = verdict === 'unchanged' || this.#hasContent(page, index, existing)
    if (!isEqual) return false
    if (verdict === 'compare') {
      this.#writer.applyToExisting(directory, page.name(index), entryMetadata(page, index))
    }
    this.#reply.filesUnchanged += 1
    this.#reply.bytesUnchanged += size
    return true
  }

  #hasContent(page: TreePage, index: number, existing: ExistingFile): boolean {
    if (existing.status.sizeBytes !== page.sizeOf(index)) return false
    // Only compared: nothing of it is read from the repository.
    const content = this.#contentOf(page, index, { start: 0, end: 0 })
    while (content.next()) {
      const isThere = content.isHole
        ? existing.isZeroAt(content.offset, content.bytes)
        : existing.chunkAt(content.offset, content.bytes, content.id) !== undefined
      if (!isThere) return false
    }
    return true
  }

  #collectSmall(
    directory: DirectoryHandle,
    page: TreePage,
    index: number,
    linkKey: string | null,
    references: UnitReferences,
  ): void {
    const size = page.sizeOf(index)
    if (this.#used + size > this.#source.length) this.#flush()
    const start = this.#used
    let at = start
    const end = page.chunkOffsets[index + 1]
    for (let item = page.chunkOffsets[index]; item < end; item++) {
      const bytes = references.read(index, item)
      this.#source.set(bytes, at)
      at += bytes.length
    }
    this.#used = at
    this.#files.push({
      directory,
      name: page.name(index),
      contentOffset: start,
      contentBytes: at - start,
      metadata: entryMetadata(page, index),
      isLinked: linkKey !== null,
      linkKey,
    })
  }

  #restoreLarge(
    directory: DirectoryHandle,
    page: TreePage,
    index: number,
    { existing, linkKey }: { existing: ExistingFile | undefined; linkKey: string | null },
  ): void {
    const file = this.#writer.createLargeFile(directory, page.name(index))
    try {
      const content = this.#contentOf(page, index, { start: 0, end: page.sizeOf(index) })
      while (content.next()) {
        if (content.isHole) continue
        // Blocks that the old file has at the same place need not come from the repository.
        const bytes =
          existing?.chunkAt(content.offset, content.bytes, content.id) ??
          this.#blobs.reader.read(blobKinds.data, content.id, content.bytes)
        file.write(bytes, 0, bytes.length, content.offset)
      }
      const created = file.commit(entryMetadata(page, index), page.sizeOf(index))
      if (linkKey !== null) this.#reply.linked.set(linkKey, created)
    } catch (error) {
      file.abort()
      throw error
    }
    this.#reply.filesRestored += 1
    this.#reply.bytesRestored += page.sizeOf(index)
  }

  #restoreSpecial(
    directory: DirectoryHandle,
    page: TreePage,
    index: number,
    linkKey: string | null,
  ): void {
    const content = specialContent(page, index)
    const name = page.name(index)
    if (this.#overwrite === 'never' && this.#writer.hasEntry(directory, name)) {
      this.#reply.filesSkipped += 1
      return
    }
    const created = this.#writer.writeSpecialFile({
      directory,
      name,
      metadata: entryMetadata(page, index),
      content,
    })
    if (created) this.#reply.others += 1
    if (created && linkKey !== null) this.#reply.linked.set(linkKey, created)
  }

  #flush(): void {
    const files = this.#files
    if (files.length === 0) return
    this.#files = []
    this.#used = 0
    const { failures, created } = this.#writer.writeSmallFiles(files, this.#source)
    const failed = new Set(failures.map(({ index }) => index))
    for (const { error } of failures) this.#fail(error.message)
    for (const [index, file] of files.entries()) {
      if (failed.has(index)) continue
      this.#reply.filesRestored += 1
      this.#reply.bytesRestored += file.contentBytes
      const source = created.get(index)
      if (source && file.linkKey !== null) this.#reply.linked.set(file.linkKey, source)
    }
  }

  /** @param span of the file whose chunks will be read, in bytes */
  #contentOf(page: TreePage, index: number, span: FileSpan): ContentReader {
    const blobs = this.#blobs
    return contentAhead(blobs, { page, index }, span, (id) => blobs.lists.readList(id))
  }

  #fail(message: string): void {
    this.#reply.failures.push({ message })
  }
}

function specialContent(page: TreePage, index: number): SpecialFile['content'] {
  const { linkTarget, device } = decodeExtras(page, index)
  if (linkTarget) return { type: 'symlink', target: linkTarget }
  if (!device) return { type: 'fifo' }
  const isBlock = (page.mode(index) & 0o170000) === 0o060000
  return { type: isBlock ? 'blockDevice' : 'characterDevice', ...device }
}
