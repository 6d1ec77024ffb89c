import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import { CataloguedPages } from '../../repository/catalogued-pages.ts'
import type { Repository } from '../../repository/repository.ts'

/** A folder near the root of the snapshots. */
export interface Folder {
  /** From the root, without slashes at its ends; empty for the root itself, null for all that are too many to be told apart. */
  readonly path: Buffer | null
  /** Sum of the files below it, in the newest snapshot that has it. */
  readonly bytes: number
}

export interface FoundFolders {
  readonly folders: readonly Folder[]
  /** Pages of which everything below is of the folder; rows to numbers of folders. */
  readonly whole: ReadonlyMap<number, readonly number[]>
  /** Pages of which only the files on them are. */
  readonly own: ReadonlyMap<number, readonly number[]>
}

/** Names of a path that make a folder: `data/index`. What lies in `data` itself is told as `data`. */
const depth = 2
/** More are told together. */
const foldersMax = 1_000

/** Finds the folders of all snapshots, and the pages that each has had. */
export function findFolders(
  repository: Repository,
  snapshots: readonly SnapshotSummary[],
): FoundFolders {
  const finding = new Finding(repository)
  for (const { treeId, statistics } of [...snapshots].reverse()) {
    const root = repository.catalogue.search.rowOf(Buffer.from(treeId, 'hex'))
    if (root !== undefined) finding.walk(root, { path: '', bytes: statistics.bytes, level: 0 })
  }
  return finding
}

interface Step {
  /** As latin1 text. */
  readonly path: string
  readonly bytes: number
  readonly level: number
}

class Finding implements FoundFolders {
  readonly folders: Folder[] = []
  readonly whole = new Map<number, number[]>()
  readonly own = new Map<number, number[]>()
  readonly #pages: CataloguedPages
  readonly #numbers = new Map<string, number>()
  readonly #seen = new Set<string>()
  #rest: number | undefined

  constructor({ catalogue }: Repository) {
    this.#pages = new CataloguedPages(catalogue)
  }

  /** At most eight levels of pages for each of two folders, so the recursion is shallow. */
  walk(page: number, step: Step): void {
    const key = `${page} ${step.path}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    addTo(step.level === depth ? this.whole : this.own, page, this.#numberOf(step))
    if (step.level === depth) return
    for (const { name, mode, size, child } of this.#pages.children(page)) {
      if (child === null) continue
      if (mode === 0) {
        this.walk(child, step)
        continue
      }
      const text = name.toString('latin1')
      const path = step.path === '' ? text : `${step.path}/${text}`
      this.walk(child, { path, bytes: size, level: step.level + 1 })
    }
  }

  #numberOf({ path, bytes }: Step): number {
    const known = this.#numbers.get(path)
    if (known !== undefined) return known
    if (this.folders.length >= foldersMax) {
      this.#rest ??= this.folders.push({ path: null, bytes: 0 }) - 1
      return this.#rest
    }
    const number = this.folders.push({ path: Buffer.from(path, 'latin1'), bytes }) - 1
    this.#numbers.set(path, number)
    return number
  }
}

function addTo(lists: Map<number, number[]>, page: number, number: number): void {
  const list = lists.get(page)
  if (!list) lists.set(page, [number])
  else if (!list.includes(number)) list.push(number)
}
