import { createBlobHasher } from '../../src/format/hashing/blob-hasher.ts'
import { DirectoryWriter, type StoredDirectory } from '../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../src/format/tree/entry-draft.ts'
import type { TreePage } from '../../src/format/tree/tree-page.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { rootOf } from '../../src/repository/find-entry.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { blobKinds } from '../../src/repository/segment-buffer.ts'
import { walkTree, walkedPath } from '../../src/repository/tree-walk.ts'
import type { Random } from './random.ts'
import { simKeys } from './sim-repository.ts'

/** Files of a host: path (`a`, or `d/a`) to the number of its content. Equal numbers are equal bytes, on whatever host. */
export type Source = Map<string, number>

const fileNames = ['a', 'b', 'c', 'e', 'f'] as const
const folderNames = ['d', 'g'] as const
const contentCount = 24

const modeFile = 0o100644
const modeFolder = 0o040755

interface Content {
  readonly bytes: Buffer
  readonly key: string
}

const contents: Content[] = []

function contentOf(number: number): Content {
  if (contents.length === 0) {
    const hasher = createBlobHasher(simKeys.dataIdKey)
    for (let made = 0; made < contentCount; made++) {
      const bytes = Buffer.from(`content ${made} `.repeat(2 + (made % 5)))
      contents.push({ bytes, key: hasher.hash(bytes).toString('latin1') })
    }
  }
  return contents[number]
}

export function newSource(random: Random): Source {
  const source: Source = new Map()
  const folders = random.chance(0.4) ? folderNames.slice(0, 1 + random.below(2)) : []
  for (const folder of ['', ...folders.map((name) => `${name}/`)]) {
    const files = 1 + random.below(3)
    for (let file = 0; file < files; file++) {
      source.set(folder + fileNames[file], random.below(contentCount))
    }
  }
  return source
}

/** A day's work: some files change, some come, some go; at times everything is put back as it was elsewhere. */
export function changeSource(source: Source, random: Random): void {
  for (const path of source.keys()) {
    if (random.chance(0.35)) source.set(path, random.below(contentCount))
    else if (source.size > 1 && random.chance(0.1)) source.delete(path)
  }
  if (random.chance(0.3)) source.set(random.pick(fileNames), random.below(contentCount))
}

/** What a snapshot of a source needs, as ids in latin1. */
export type Needs = Set<string>

export interface SourceStore {
  storeData(bytes: Uint8Array): Buffer
  storeTree(bytes: Buffer): Buffer
  /** Pages of a directory of the parent. */
  readonly openParent: ((id: Buffer, bytes: number) => Iterable<TreePage>) | null
  /** Nothing is taken from the parent unread. */
  readonly readAll: boolean
}

interface ParentEntry {
  readonly page: TreePage
  readonly index: number
}

/** Stores a source as the walker does: unchanged files as the parent has them, others read, one page for each folder. */
export function storeSource(
  source: Source,
  store: SourceStore,
  parentRoot: StoredRoot | null,
): {
  root: StoredDirectory
  needs: Needs
} {
  const needs: Needs = new Set()
  const names = [...source.keys()].sort()
  const folders = new Set(names.flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : [])))
  const inRoot = [...names.filter((path) => !path.includes('/')), ...folders].sort()
  const parent = entriesOf(store, parentRoot)
  const root = new DirectoryWriter(store.storeTree)
  for (const name of inRoot) {
    const above = parent.get(name)
    if (!folders.has(name)) {
      storeFile({ name, content: source.get(name) ?? 0 }, { store, above, writer: root, needs })
      continue
    }
    const writer = new DirectoryWriter(store.storeTree)
    const parentBelow = entriesOf(store, above ? topOf(above) : null)
    for (const path of names) {
      if (!path.startsWith(`${name}/`)) continue
      const own = path.slice(name.length + 1)
      const file = { name: own, content: source.get(path) ?? 0 }
      storeFile(file, { store, above: parentBelow.get(own), writer, needs })
    }
    const folder = writer.finish()
    needs.add(folder.id.toString('latin1'))
    const draft = newDraft(name, modeFolder)
    draft.size = folder.totalSize
    draft.setContent(folder.id, Float64Array.of(folder.bytes))
    root.append(draft)
  }
  const stored = root.finish()
  needs.add(stored.id.toString('latin1'))
  return { root: stored, needs }
}

export interface StoredRoot {
  readonly id: Buffer
  readonly bytes: number
}

function storeFile(
  { name, content }: { name: string; content: number },
  place: {
    store: SourceStore
    above: ParentEntry | undefined
    writer: DirectoryWriter
    needs: Needs
  },
): void {
  const { store, above, writer, needs } = place
  const { bytes, key } = contentOf(content)
  needs.add(key)
  if (above && !store.readAll && above.page.mtimeNs(above.index) === content) {
    writer.appendFrom(above.page, above.index)
    return
  }
  const draft = newDraft(name, modeFile)
  draft.mtimeNs = content
  draft.size = bytes.length
  draft.setContent(store.storeData(bytes), Float64Array.of(bytes.length))
  writer.append(draft)
}

function newDraft(name: string, mode: number): EntryDraft {
  const draft = new EntryDraft()
  draft.mode = mode
  draft.setName(Buffer.from(name))
  return draft
}

function entriesOf(store: SourceStore, top: StoredRoot | null): Map<string, ParentEntry> {
  const entries = new Map<string, ParentEntry>()
  if (!top || !store.openParent) return entries
  for (const page of store.openParent(top.id, top.bytes)) {
    for (let index = 0; index < page.entryCount; index++) {
      entries.set(page.name(index).toString(), { page, index })
    }
  }
  return entries
}

function topOf({ page, index }: ParentEntry): StoredRoot {
  const reference = page.chunkOffsets[index]
  return { id: Buffer.from(page.chunkId(reference)), bytes: page.chunkBytes(reference) }
}

/** Reads every file of a snapshot. @param pause awaited between two files */
export async function readSource(
  repository: Repository,
  snapshot: Snapshot,
  pause: () => Promise<unknown>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const pages = walkTree(repository, rootOf(snapshot), 1000)
  for (const { directory, page } of pages) {
    for (let index = 0; index < page.entryCount; index++) {
      if (page.mode(index) !== modeFile) continue
      await pause()
      const reference = page.chunkOffsets[index]
      const bytes = repository.trees.read(
        blobKinds.data,
        page.chunkId(reference),
        page.chunkBytes(reference),
      )
      const path = walkedPath(directory, page.name(index)).toString().slice(1)
      files.set(path, bytes.toString())
    }
  }
  return files
}

/** What a snapshot of the source gives back. */
export function filesOf(source: Source): Map<string, string> {
  return new Map([...source].map(([path, content]) => [path, contentOf(content).bytes.toString()]))
}
