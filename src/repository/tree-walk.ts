import { DirectoryReader, type PageReference } from '../format/tree/directory-reader.ts'
import { isDirectory } from '../format/tree/entry-kind.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { DamageError } from '../foundation/errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isLoss } from './loss.ts'
import type { Repository } from './repository.ts'

/** A directory on the way from the root; its path is made only when somebody asks. */
export interface WalkedDirectory {
  readonly parent: WalkedDirectory | null
  /** Empty for the root. */
  readonly name: Buffer
  readonly depth: number
}

/** One page of a directory, before anything below it. */
export interface WalkedPage {
  readonly directory: WalkedDirectory
  readonly page: TreePage
}

export interface TreeWalkOptions {
  /** Whether to go into the directory that is entry `index` of the page; default: into each. */
  readonly enter?: (walked: WalkedPage, index: number) => boolean
  /** Told the id of each page that is read, also of higher levels. The id is a view. */
  readonly onPage?: (id: Buffer) => void
  /** Told of a directory whose pages are lost; without it the loss is thrown. */
  readonly onLoss?: (directory: WalkedDirectory, error: Error) => void
}

/** Linux takes no path this deep; a repository that claims one is hostile. */
const depthMax = 100_000

interface Frame {
  readonly directory: WalkedDirectory
  readonly pages: Generator<TreePage, void, undefined>
  page: TreePage | null
  index: number
}

/** Most entries that the walk of a snapshot may meet, for the bound that hostile trees run into. */
export function entryCountOf(snapshot: Snapshot): number {
  const { files, directories, others } = snapshot.statistics
  return files + directories + others
}

/**
 * Walks a tree from its top page: each page of a directory, then the directories on it, in the order of names. An explicit stack takes
 * trees of any depth.
 */
export function* walkTree(
  repository: Repository,
  top: PageReference,
  entryCountMax: number,
  options: TreeWalkOptions = {},
): Generator<WalkedPage, void, undefined> {
  const reader = new DirectoryReader((id, bytes) => {
    options.onPage?.(id)
    return repository.trees.readTree(id, bytes)
  }, entryCountMax)
  const root: WalkedDirectory = { parent: null, name: Buffer.alloc(0), depth: 0 }
  const stack: Frame[] = [{ directory: root, pages: reader.pages(top), page: null, index: 0 }]
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    if (!frame.page || frame.index >= frame.page.entryCount) {
      frame.page = nextPage(frame, options)
      frame.index = 0
      if (frame.page) yield { directory: frame.directory, page: frame.page }
      else stack.pop()
      continue
    }
    const { page } = frame
    const index = frame.index++
    if (!isDirectory(page.mode(index))) continue
    if (options.enter && !options.enter({ directory: frame.directory, page }, index)) continue
    const reference = page.chunkOffsets[index]
    const directory: WalkedDirectory = {
      parent: frame.directory,
      name: Buffer.from(page.name(index)),
      depth: frame.directory.depth + 1,
    }
    if (directory.depth > depthMax) throw new DamageError('Cannot walk a tree: it is too deep')
    const pages = reader.pages({
      id: Buffer.from(page.chunkId(reference)),
      bytes: page.chunkBytes(reference),
    })
    stack.push({ directory, pages, page: null, index: 0 })
  }
}

function nextPage(frame: Frame, options: TreeWalkOptions): TreePage | null {
  try {
    const next = frame.pages.next()
    return next.done ? null : next.value
  } catch (error) {
    if (!options.onLoss || !isLoss(error)) throw error
    options.onLoss(frame.directory, error)
    return null
  }
}

/** Path from the root, with a leading slash; `name` is one below the directory. */
export function walkedPath(directory: WalkedDirectory, name?: Uint8Array): Buffer {
  const parts: Uint8Array[] = name ? [name, slash] : []
  for (let at: WalkedDirectory | null = directory; at?.parent; at = at.parent) {
    parts.push(at.name, slash)
  }
  return parts.length === 0 ? slash : Buffer.concat(parts.reverse())
}

const slash = Buffer.from('/')
