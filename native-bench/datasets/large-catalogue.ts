import { createCipheriv, randomBytes, type Cipher } from 'node:crypto'
import { closeSync, ftruncateSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { encodeIndexObject, type IndexEntry } from '../../src/format/index-object/index-object.ts'
import { blobKinds, encodePackTrailer } from '../../src/format/pack/pack-trailer.ts'
import { DirectoryWriter, type StoredDirectory } from '../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../src/format/tree/entry-draft.ts'
import { toObjectId } from '../../src/model/ids.ts'
import { saveSnapshot } from '../../src/operations/snapshot/save-snapshot.ts'
import { emptyBlobCounts } from '../../src/repository/store-snapshot.ts'
import type { BlobSession } from '../../src/repository/blob-session.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { underLease } from '../../src/repository/under-lease.ts'

export interface LargeShape {
  /** Data chunks, all different. */
  readonly chunks: number
  /** Files that share the chunks out among them. */
  readonly files: number
}

/** As the pack writer makes them of chunks of 128 KiB that do not compress. */
const chunksPerSegment = 8
const segmentsPerPack = 32
const packsPerIndexObject = 32
const filesPerFolder = 100
const foldersPerProject = 1000
const zeros = Buffer.alloc(32 * 1024)
const endings = ['log', 'json', 'faiss', 'pdf', 'md', 'yml', 'ts', 'csv'] as const
const yearSeconds = 31_536_000

/** Ids that are as good as hashes: the stream of a cipher, which is ten times as fast. */
export class ChunkIds {
  readonly #key = Buffer.alloc(16, 7)

  /** Ids of `count` chunks from `first` on, 32 bytes each. */
  of(first: number, count: number): Buffer {
    const counter = Buffer.alloc(16)
    counter.writeBigUInt64BE(BigInt(first) * 2n, 8)
    const cipher: Cipher = createCipheriv('aes-128-ctr', this.#key, counter)
    const bytes = count * 32
    return cipher.update(bytes <= zeros.length ? zeros.subarray(0, bytes) : Buffer.alloc(bytes))
  }
}

/** 128 KiB on average, from 64 to 192. */
export function chunkBytesOf(chunk: number): number {
  return 65_536 + ((Math.imul(chunk, 2_654_435_761) >>> 0) % 131_073)
}

/** Names of files are in the order of their bytes; no two are equal, so that a search for one has one answer. */
export function largeFileName(file: number): string {
  const word = (Math.imul(file, 2_654_435_761) >>> 0).toString(16).padStart(8, '0')
  return `${pad(file % filesPerFolder)}-${word}.${endings[file % endings.length]}`
}

/**
 * Writes index objects for packs of data that are files without contents: their lengths and names are there, their two and a half terabytes
 * are not. Nothing that is measured reads them. The objects are stored like any others and not taken into the catalogue: that is for the
 * next opening.
 */
export async function writeDataIndexes(
  repository: Repository,
  { chunks }: LargeShape,
  onProgress: (chunks: number) => void,
): Promise<void> {
  const ids = new ChunkIds()
  const chunksPerIndex = chunksPerSegment * segmentsPerPack * packsPerIndexObject
  for (let first = 0; first < chunks; first += chunksPerIndex) {
    const entries: IndexEntry[] = []
    const end = Math.min(first + chunksPerIndex, chunks)
    for (let chunk = first; chunk < end; chunk += chunksPerSegment * segmentsPerPack) {
      const count = Math.min(chunksPerSegment * segmentsPerPack, end - chunk)
      entries.push(hollowPack(repository.location, chunk, ids.of(chunk, count)))
    }
    const { id, bytes } = repository.seal('index', encodeIndexObject(entries))
    await repository.storage.put(`index/${id}`, bytes)
    onProgress(end)
  }
}

/**
 * Writes one index object more, as another machine that has saved something does.
 *
 * @param first number of the first of its chunks
 * @returns names of the objects that are new
 */
export async function writeOneIndex(
  repository: Repository,
  first: number,
  count: number,
): Promise<{ readonly name: string; readonly packs: readonly string[] }> {
  const ids = new ChunkIds()
  const entries: IndexEntry[] = []
  const perPack = chunksPerSegment * segmentsPerPack
  for (let chunk = first; chunk < first + count; chunk += perPack) {
    const length = Math.min(perPack, first + count - chunk)
    entries.push(hollowPack(repository.location, chunk, ids.of(chunk, length)))
  }
  const { id, bytes } = repository.seal('index', encodeIndexObject(entries))
  await repository.storage.put(`index/${id}`, bytes)
  return { name: `index/${id}`, packs: entries.map(({ packId }) => `packs/${packId}`) }
}

function hollowPack(location: string, first: number, ids: Buffer): IndexEntry {
  const count = ids.length / 32
  const blobLengths = Array.from({ length: count }, (_, index) => chunkBytesOf(first + index))
  const blobCounts: number[] = []
  const plainBytes: number[] = []
  for (let at = 0; at < count; at += chunksPerSegment) {
    const lengths = blobLengths.slice(at, at + chunksPerSegment)
    blobCounts.push(lengths.length)
    plainBytes.push(lengths.reduce((sum, length) => sum + length, 0))
  }
  const none = plainBytes.map(() => 0)
  const trailer = encodePackTrailer({
    payloadBytes: plainBytes,
    plainBytes,
    blobCounts,
    codecs: none,
    kinds: none.map(() => blobKinds.data),
    blobLengths,
    ids,
  })
  const payload = plainBytes.reduce((sum, length) => sum + length + 16, 0)
  const packBytes = 64 + payload + trailer.length + 16 + 32
  const packId = toObjectId(randomBytes(32).toString('hex'))
  const file = openSync(join(location, 'packs', packId), 'wx', 0o600)
  ftruncateSync(file, packBytes)
  closeSync(file)
  return { packId, salt: randomBytes(32), packBytes, trailer }
}

/** Saves one snapshot of all files, its pages through the writers that real snapshots go through. */
export async function saveLargeSnapshot(
  repository: Repository,
  shape: LargeShape,
  onProgress: (files: number) => void,
): Promise<void> {
  const startedAtMs = Date.now() - 60_000
  const tree = new LargeTree(shape, onProgress)
  await underLease(repository, 'shared', 'snapshot', async (lease) => {
    await saveSnapshot(repository, lease, {
      signal: undefined,
      onEvent: undefined,
      chooseParent: () => null,
      store: ({ session }) => tree.store(session),
      manifest: ({ root, blobCounts, packBytes }) => ({
        version: 1,
        type: 'full',
        startedAtMs,
        endedAtMs: Date.now(),
        hostname: 'large',
        username: 'user',
        base: '/',
        paths: ['/data'],
        tree: { id: root.id.toString('hex'), bytes: root.bytes },
        parentId: null,
        description: '',
        tags: [],
        excludes: [],
        statistics: {
          ...emptyBlobCounts(),
          ...blobCounts,
          files: shape.files,
          directories: tree.directories,
          others: 0,
          bytes: root.totalSize,
          newFiles: shape.files,
          changedFiles: 0,
          unchangedFiles: 0,
          storedBytesAdded: packBytes,
          unreadable: 0,
        },
        unreadable: [],
        program: 'native-bench',
      }),
    })
  })
}

/** `data/project-0000/folder-0000/`: 1,000 folders of 100 files in each project. */
class LargeTree {
  readonly #shape: LargeShape
  readonly #onProgress: (files: number) => void
  readonly #ids = new ChunkIds()
  readonly #draft = new EntryDraft()
  directories = 1

  constructor(shape: LargeShape, onProgress: (files: number) => void) {
    this.#shape = shape
    this.#onProgress = onProgress
  }

  async store({ store, packs }: BlobSession): Promise<StoredDirectory> {
    const { files } = this.#shape
    const writer = new DirectoryWriter((bytes) => store.storeTree(bytes))
    const projects: StoredDirectory[] = []
    for (let first = 0; first < files;) {
      const end = Math.min(first + filesPerFolder * foldersPerProject, files)
      const folders: StoredDirectory[] = []
      for (; first < end; first += filesPerFolder) {
        folders.push(this.#storeFolder(writer, first, Math.min(first + filesPerFolder, end)))
      }
      projects.push(this.#storeDirectories(writer, 'folder', folders))
      await packs.settle()
      this.#onProgress(end)
    }
    const data = this.#storeDirectories(writer, 'project', projects)
    this.#appendDirectory(writer, 'data', data)
    return writer.finish()
  }

  #storeFolder(writer: DirectoryWriter, first: number, end: number): StoredDirectory {
    const { chunks, files } = this.#shape
    const chunkAt = (file: number): number => Math.floor((file / files) * chunks)
    const firstChunk = chunkAt(first)
    const ids = this.#ids.of(firstChunk, chunkAt(end) - firstChunk)
    for (let file = first; file < end; file++) {
      const from = chunkAt(file)
      const lengths = Float64Array.from({ length: chunkAt(file + 1) - from }, (_, index) =>
        chunkBytesOf(from + index),
      )
      const draft = this.#newDraft(largeFileName(file), 0o100644)
      draft.size = lengths.reduce((sum, length) => sum + length, 0)
      draft.mtimeLow = 1_700_000_000 + ((file * 37) % yearSeconds)
      draft.mtimeNs = (file * 7_919) % 1_000_000_000
      draft.ctimeLow = draft.mtimeLow
      draft.ctimeNs = draft.mtimeNs
      draft.inodeLow = file + 100
      const idsAt = (from - firstChunk) * 32
      draft.setContent(ids.subarray(idsAt, idsAt + lengths.length * 32), lengths)
      writer.append(draft)
    }
    return writer.finish()
  }

  #storeDirectories(
    writer: DirectoryWriter,
    word: string,
    directories: readonly StoredDirectory[],
  ): StoredDirectory {
    for (const [index, directory] of directories.entries()) {
      this.#appendDirectory(writer, `${word}-${pad(index)}`, directory)
    }
    return writer.finish()
  }

  #appendDirectory(writer: DirectoryWriter, name: string, directory: StoredDirectory): void {
    const draft = this.#newDraft(name, 0o040755)
    draft.size = directory.totalSize
    draft.mtimeLow = 1_700_000_000
    draft.setContent(directory.id, new Float64Array([directory.bytes]))
    writer.append(draft)
    this.directories += 1
  }

  #newDraft(name: string, mode: number): EntryDraft {
    this.#draft.clear()
    this.#draft.setName(Buffer.from(name))
    this.#draft.mode = mode
    return this.#draft
  }
}

function pad(number: number): string {
  return String(number).padStart(4, '0')
}
