import type { Readable } from 'node:stream'
import { createChunker, type Chunker } from '../../format/chunker/chunker.ts'
import { DirectoryWriter, type StoredDirectory } from '../../format/tree/directory-writer.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { composeFlags } from '../../format/tree/entry-flags.ts'
import { idBytes } from '../../model/ids.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { BlobStore } from '../../repository/blob-store.ts'
import type { PackWriter } from '../../repository/pack-writer.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { FileContent } from './file-content.ts'
import { splitPath } from './source-tree.ts'
import type { WalkCounts } from './walk-counts.ts'

const fileMode = 0o100600
const directoryMode = 0o040700

/** Saves a stream as one file below the root. @returns the root directory */
export async function storeStream(
  context: RepositoryContext,
  store: BlobStore,
  packs: PackWriter,
  source: { stream: Readable; name: string },
  run: { counts: WalkCounts; onProgress: () => void; signal: AbortSignal | undefined },
): Promise<StoredDirectory> {
  const components = splitPath(Buffer.from(source.name))
  const fileName = components.pop()
  if (!fileName || [fileName, ...components].some((name) => name.length > 255)) {
    throw new HoldfastError('USAGE', `Cannot save a stream as "${source.name}": not a file name`, {
      remedy: 'Give a name such as --stdin-filename dump.sql',
    })
  }
  const parameters = { averageBytes: context.chunkAverageBytes }
  const windowBytes = Math.max(4 * 1024 * 1024, context.chunkAverageBytes * 24)
  const chunker = createChunker(parameters, context.keys.chunkerSecret, windowBytes)
  const content = new FileContent((bytes) => store.storeTree(bytes))
  const cutter = new StreamCutter(chunker, content, store)
  for await (const piece of source.stream) {
    run.signal?.throwIfAborted()
    cutter.push(Buffer.from(piece as Buffer))
    run.counts.bytesDone = content.totalBytes
    run.onProgress()
    await packs.settle()
  }
  cutter.end()
  content.finish()
  run.counts.files = 1
  run.counts.newFiles = 1
  run.counts.bytes = content.totalBytes
  run.counts.bytesDone = content.totalBytes
  run.counts.directories = components.length
  return writeTree(store, content, fileName, components)
}

/** Feeds pieces of any length through the chunker's window. */
class StreamCutter {
  readonly #chunker: Chunker
  readonly #content: FileContent
  readonly #store: BlobStore
  #held = 0

  constructor(chunker: Chunker, content: FileContent, store: BlobStore) {
    this.#chunker = chunker
    this.#content = content
    this.#store = store
  }

  push(piece: Buffer): void {
    let taken = 0
    while (taken < piece.length) {
      const bytes = Math.min(piece.length - taken, this.#chunker.capacityBytes - this.#held)
      this.#chunker.memory.set(piece.subarray(taken, taken + bytes), this.#held)
      this.#held += bytes
      taken += bytes
      if (this.#held === this.#chunker.capacityBytes) this.#cut(false)
    }
  }

  end(): void {
    this.#cut(true)
  }

  #cut(isEnd: boolean): void {
    const { memory } = this.#chunker
    let offset = 0
    while (offset < this.#held) {
      const end = this.#chunker.nextCut(offset, this.#held, isEnd)
      if (end < 0) break
      this.#content.append(this.#store.storeData(memory.subarray(offset, end)), end - offset)
      offset = end
    }
    memory.copyWithin(0, offset, this.#held)
    this.#held -= offset
  }
}

function writeTree(
  store: BlobStore,
  content: FileContent,
  fileName: Buffer,
  components: readonly Buffer[],
): StoredDirectory {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const writer = new DirectoryWriter((bytes) => store.storeTree(bytes))
  const draft = newDraft(fileName, fileMode, nowSeconds)
  draft.size = content.totalBytes
  draft.flags = composeFlags(0, content.depth, 0)
  draft.setContent(
    content.ids.subarray(0, content.count * idBytes),
    content.lengths.slice(0, content.count),
  )
  writer.append(draft)
  let directory = writer.finish()
  for (const name of components.toReversed()) {
    const above = newDraft(name, directoryMode, nowSeconds)
    above.size = directory.totalSize
    above.setContent(directory.id, Float64Array.of(directory.bytes))
    writer.append(above)
    directory = writer.finish()
  }
  return directory
}

function newDraft(name: Buffer, mode: number, nowSeconds: number): EntryDraft {
  const draft = new EntryDraft()
  draft.setName(name)
  draft.mode = mode
  draft.uid = process.getuid?.() ?? 0
  draft.gid = process.getgid?.() ?? 0
  draft.mtimeLow = nowSeconds >>> 0
  draft.mtimeHigh = Math.floor(nowSeconds / 0x1_0000_0000)
  return draft
}
