import { addAbortSignal, type Readable } from 'node:stream'
import { createChunker } from '../../format/chunker/chunker.ts'
import { DirectoryWriter, type StoredDirectory } from '../../format/tree/directory-writer.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { composeFlags } from '../../format/tree/entry-flags.ts'
import { idBytes } from '../../model/ids.ts'
import { HoldfastError, SourceError } from '../../foundation/errors.ts'
import type { BlobStore } from '../../repository/blob-store.ts'
import type { PackWriter } from '../../repository/pack-writer.ts'
import type { RepositoryContext } from '../../repository/repository-context.ts'
import { FileContent } from '../../repository/file-content.ts'
import { splitPath } from './source-tree.ts'
import { StreamCutter } from '../../repository/stream-cutter.ts'
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
  const { fileName, components } = splitName(source.name)
  const parameters = { averageBytes: context.chunkAverageBytes }
  const windowBytes = Math.max(4 * 1024 * 1024, context.chunkAverageBytes * 24)
  const chunker = createChunker(parameters, context.keys.chunkerSecret, windowBytes)
  const content = new FileContent((bytes) => store.storeTree(bytes))
  const cutter = new StreamCutter(chunker, content, store)
  for await (const piece of piecesOf(source.stream, run.signal)) {
    cutter.push(piece)
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

function splitName(name: string): { fileName: Buffer; components: Buffer[] } {
  const components = splitPath(Buffer.from(name))
  const isName = (part: Buffer): boolean =>
    part.length <= 255 && !part.includes(0) && !['.', '..'].includes(part.toString('latin1'))
  const areNames = components.every(isName)
  const fileName = components.pop()
  if (fileName && areNames) return { fileName, components }
  throw new HoldfastError('USAGE', `Cannot save a stream as "${name}": not a file name`, {
    remedy: 'Give a name such as --stdin-filename dump.sql',
  })
}

/**
 * The pieces of a stream. An interruption ends the wait for the next one, too.
 *
 * @throws {SourceError} when the stream breaks; the reason of the signal
 */
async function* piecesOf(
  stream: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  if (signal) addAbortSignal(signal, stream)
  try {
    for await (const piece of stream) {
      signal?.throwIfAborted()
      yield Buffer.from(piece as Buffer)
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw new SourceError(`Cannot read the stream: ${(cause as Error).message}`, { cause })
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
