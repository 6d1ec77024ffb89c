import { DirectoryReader, type PageReference } from '../format/tree/directory-reader.ts'
import { isDirectory } from '../format/tree/entry-kind.ts'
import type { TreePage } from '../format/tree/tree-page.ts'
import { DamageError, type RepositoryError } from '../foundation/errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isLoss } from './loss.ts'
import { PlacesAhead } from './places-ahead.ts'
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
  readonly onLoss?: (directory: WalkedDirectory, error: RepositoryError) => void
  /** Which errors `onLoss` is told of; default: `isLoss`. */
  readonly isLoss?: (error: unknown) => error is RepositoryError
  /**
   * Directories that are not gone into, as latin1 text of their ids; those of this walk are added, except for what leads to a loss, which
   * every walk has to meet.
   */
  readonly seen?: Set<string>
  /** Whether the directories on a page are looked up together, before they are gone into: for who goes into nearly all of them. */
  readonly looksAhead?: boolean
  /** Levels to go down; default {@link treeDepthMax}. What lies deeper is lost. */
  readonly depthMax?: number
}

/**
 * Folders in each other that can be saved and restored. A path of the system has at most 2,048 of them; deeper trees are made on purpose,
 * and whatever keeps the path of each of its folders takes memory and time that grow with the square of the depth.
 */
export const treeDepthMax = 4_096
/** Pages of the directories on the way down that are in memory at once, in bytes. Honest ones have at most 1 MiB, and few are that long. */
const stackBytesMax = 256 * 1024 * 1024

interface Frame {
  readonly directory: WalkedDirectory
  readonly key: string
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
  const { seen, depthMax = treeDepthMax } = options
  const ahead = options.looksAhead ? new PlacesAhead(repository, seen) : null
  const reader = new DirectoryReader((id, bytes) => {
    options.onPage?.(id)
    const page = ahead ? ahead.readPage(id, bytes) : repository.trees.readTree(id, bytes)
    // A copy, because the view would keep its whole segment in memory for as long as the walk is below it.
    return Buffer.from(page)
  }, entryCountMax)
  const root: WalkedDirectory = { parent: null, name: Buffer.alloc(0), depth: 0 }
  const stack: Frame[] = []
  let stackBytes = 0
  const push = (directory: WalkedDirectory, reference: PageReference): void => {
    const key = seen ? reference.id.toString('latin1') : ''
    if (seen?.has(key)) return
    seen?.add(key)
    stack.push({ directory, key, pages: reader.pages(reference), page: null, index: 0 })
  }
  const nextPage = (frame: Frame): TreePage | null => {
    try {
      if (frame.directory.depth > depthMax) throw tooLarge(`it is more than ${depthMax} deep`)
      if (stackBytes > stackBytesMax) throw tooLarge('its folders take too much memory')
      const next = frame.pages.next()
      return next.done ? null : next.value
    } catch (error) {
      if (!options.onLoss || !(options.isLoss ?? isLoss)(error)) throw error
      for (const { key } of stack) seen?.delete(key)
      options.onLoss(frame.directory, error)
      return null
    }
  }
  push(root, top)
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    if (!frame.page || frame.index >= frame.page.entryCount) {
      stackBytes -= frame.page?.bytes.length ?? 0
      frame.page = nextPage(frame)
      stackBytes += frame.page?.bytes.length ?? 0
      frame.index = 0
      if (frame.page) {
        ahead?.add(frame.page)
        yield { directory: frame.directory, page: frame.page }
      } else stack.pop()
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
    push(directory, {
      id: Buffer.from(page.chunkId(reference)),
      bytes: page.chunkBytes(reference),
    })
  }
}

function tooLarge(state: string): DamageError {
  return new DamageError(`Cannot walk a tree: ${state}`)
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
