import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { NameList } from '../../catalogue/tree-search.ts'
import { decodePathText } from '../../format/manifest/path-text.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { CataloguedPages, type EntryFacts } from '../../repository/catalogued-pages.ts'
import type { Repository } from '../../repository/repository.ts'
import { kindOf, type EntryKind } from './entry-kind-word.ts'
import { readFindPattern, type FindPattern } from './find-pattern.ts'
import type { FindPlaces } from './find-places.ts'
import { FoundPaths, joinFound, type FoundPage, type FoundPath } from './found-paths.ts'
import { knownPlaces } from './known-places.ts'
import { directoryPages } from './tied-directories.ts'
import { matchingNames } from './matching-names.ts'
import { hasKind, namesOfKinds, wantedDigits } from './name-kinds.ts'
import {
  addToSet,
  countOf,
  emptySet,
  firstOf,
  intersection,
  numbersOf,
  type SnapshotSet,
} from './snapshot-set.ts'

export interface FindOptions {
  /** A text that the name holds, a glob of the name, or with a slash of the path; bytes where it is not UTF-8. */
  readonly pattern: string | Buffer
  readonly ignoreCase?: boolean
  /** Only in these; default: in all. */
  readonly snapshotIds?: readonly SnapshotId[]
  readonly kinds?: readonly EntryKind[]
  /** Modified at this time or later, in milliseconds. */
  readonly modifiedFromMs?: number
  readonly modifiedToMs?: number
  /** Bytes; directories have the sum of what is below them. */
  readonly sizeMin?: number
  readonly sizeMax?: number
  /** Most paths to give; default 100. */
  readonly limit?: number
  /** `nextCursor` of the answer before, to the same question. */
  readonly cursor?: string
  /** Most snapshots to name for each path; default 20. */
  readonly snapshotsNamedMax?: number
  /** How much is looked at before the answer is given as it is then; `Infinity` for everything. Default: half a second's work. */
  readonly effortMax?: number
}

/** A path, and the snapshots that have it as it was asked for. */
export interface FoundEntry {
  /** From the root of the snapshots, without a leading slash. */
  readonly path: Buffer
  readonly kind: EntryKind
  /** As in the newest of the snapshots; so are the others. */
  readonly mode: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  /** How many snapshots have it. */
  readonly snapshots: number
  /** The newest first, not more than was asked for. */
  readonly snapshotIds: readonly SnapshotId[]
}

export interface FindResult {
  /** Those of the newest snapshots first, then by path. */
  readonly items: readonly FoundEntry[]
  readonly nextCursor: string | null
  /** How many paths match in all. */
  readonly matches: number
  /** False when so much matches that not all of it was looked at; a longer pattern helps. */
  readonly isComplete: boolean
}

const limitDefault = 100
const snapshotsNamedDefault = 20
/** References from page to page and names; about a microsecond each. */
const effortDefault = 300_000

/**
 * Finds paths by name over all snapshots, in three steps: the lists of names (each stored once), the pages that have a list, and what refers
 * to these pages, up to the snapshots. Nothing is read but the catalogue.
 *
 * @throws {HoldfastError} `USAGE` for an empty pattern or a cursor that is none
 */
export function findPaths(repository: Repository, options: FindOptions): FindResult {
  const { search } = repository.catalogue
  return search.onOneState(() => new Finding(repository, options).run())
}

class Finding {
  readonly #repository: Repository
  readonly #options: FindOptions
  readonly #patterns: readonly FindPattern[]
  readonly #snapshots: readonly SnapshotSummary[]
  readonly #places: FindPlaces
  readonly #pages: CataloguedPages
  /** The snapshots that were asked for; undefined for all. */
  readonly #mask: SnapshotSet | undefined
  readonly #found = new FoundPaths()
  #namesLeft: number
  #isComplete = true

  constructor(repository: Repository, options: FindOptions) {
    const { effortMax = effortDefault } = options
    this.#repository = repository
    this.#options = options
    this.#pages = new CataloguedPages(repository.catalogue)
    const { snapshots, places } = knownPlaces(repository)
    this.#snapshots = snapshots
    this.#mask = maskOf(snapshots, options.snapshotIds)
    this.#patterns = patternsOf(options, snapshots)
    this.#places = places
    places.begin(effortMax)
    this.#namesLeft = effortMax
  }

  run(): FindResult {
    const first = readCursor(this.#options.cursor)
    for (const pattern of this.#patterns) this.#look(pattern)
    const { limit = limitDefault } = this.#options
    const matches = this.#found.count
    return {
      items: this.#found.part(first, first + limit).map((found) => this.#entryOf(found)),
      nextCursor: first + limit < matches ? String(first + limit) : null,
      matches,
      isComplete: this.#isComplete && this.#places.isComplete,
    }
  }

  #look(pattern: FindPattern): void {
    const { onlyDirectories } = pattern
    const wanted = wantedDigits(this.#options.kinds, onlyDirectories)
    const tied = this.#tiedLists(pattern)
    const lists: [number, readonly string[]][] = []
    for (const [row, names, kinds] of tied?.lists ?? this.#lists(pattern, wanted)) {
      if (!hasKind(kinds, wanted)) continue
      const matching = namesOfKinds(matchingNames(pattern, names), { names, kinds }, wanted)
      if (matching.length > 0) lists.push([row, matching])
      this.#namesLeft -= matching.length
      if (this.#namesLeft <= 0) break
    }
    for (const [row, names] of lists) {
      const pages = tied?.pages.get(row) ?? this.#repository.catalogue.search.pagesOfNames(row)
      if (!this.#addList(pattern, pages, names)) return
    }
    if (this.#namesLeft <= 0) this.#isComplete = false
  }

  #lists({ literal }: FindPattern, wanted: string | undefined): Iterable<NameList> {
    const onlyMixed = !hasKind('', wanted)
    return this.#repository.catalogue.search.nameLists({ literal, onlyMixed })
  }

  /** Of a pattern that is tied to the root and leads to few directories: their lists alone, and the pages that have them. */
  #tiedLists({ tied }: FindPattern): TiedLists | undefined {
    const { search } = this.#repository.catalogue
    const pages =
      tied === null
        ? undefined
        : directoryPages({ search, pages: this.#pages }, this.#places.roots, tied)
    if (!pages) return undefined
    const byList = new Map<number, number[]>()
    // Newest first, as lists are where all are looked at.
    for (const page of [...pages].sort((one, other) => other - one)) {
      const list = search.listOfPage(page)
      if (list === undefined) continue
      const others = byList.get(list)
      if (others) others.push(page)
      else byList.set(list, [page])
    }
    const rows = [...byList.keys()].sort((one, other) => other - one)
    const lists = rows.map((row) => search.nameList(row)).filter((list) => list !== undefined)
    return { lists, pages: byList }
  }

  get #matchesMax(): number {
    return this.#options.effortMax ?? effortDefault
  }

  /** @returns false when no more is to be looked at */
  #addList(pattern: FindPattern, pages: readonly number[], names: readonly string[]): boolean {
    const isFiltered = this.#isFiltered
    // Where nothing depends on the entries, all names of a list stand in the same snapshots.
    const directories = new Map<string, FoundPage>()
    let hasRoom = true
    for (const page of pages) {
      hasRoom = this.#places.hasRoom && this.#found.count <= this.#matchesMax
      if (!hasRoom) break
      for (const { path, snapshots: all } of this.#places.placesOf(page)) {
        const snapshots = this.#mask ? intersection(all, this.#mask) : all
        const newest = firstOf(snapshots)
        if (newest < 0) continue
        const found = { page, snapshots, newest }
        if (isFiltered) this.#add({ pattern, path, names, isFiltered }, found)
        else directories.set(path, joinFound(directories.get(path), found))
      }
    }
    for (const [path, found] of directories) this.#add({ pattern, path, names, isFiltered }, found)
    if (!hasRoom) this.#isComplete = false
    return hasRoom
  }

  #add({ pattern, path, names, isFiltered }: NamesOfDirectory, found: FoundPage): void {
    const passing = names.filter(
      (name) =>
        pattern.matchesDirectory(path, name) && (!isFiltered || this.#passes(found.page, name)),
    )
    if (passing.length > 0) this.#found.add(path, passing, found)
  }

  /** By what only the entries themselves say. */
  get #isFiltered(): boolean {
    const { modifiedFromMs, modifiedToMs, sizeMin, sizeMax } = this.#options
    return (modifiedFromMs ?? modifiedToMs ?? sizeMin ?? sizeMax) !== undefined
  }

  #passes(page: number, name: string): boolean {
    const entry = this.#pages.entry(page, Buffer.from(name, 'latin1'))
    if (!entry) return false
    const { modifiedFromMs = -Infinity, modifiedToMs = Infinity } = this.#options
    const { sizeMin = 0, sizeMax = Infinity } = this.#options
    const modifiedMs = entry.mtimeSeconds * 1000 + entry.mtimeNs / 1e6
    return (
      modifiedMs >= modifiedFromMs &&
      modifiedMs <= modifiedToMs &&
      entry.size >= sizeMin &&
      entry.size <= sizeMax
    )
  }

  #entryOf({ path, snapshots, page, name }: FoundPath): FoundEntry {
    const entry: EntryFacts = this.#pages.entry(page, Buffer.from(name, 'latin1')) ?? nothing
    const { snapshotsNamedMax = snapshotsNamedDefault } = this.#options
    return {
      path: Buffer.from(path, 'latin1'),
      kind: kindOf(entry.mode),
      mode: entry.mode,
      size: entry.size,
      mtimeSeconds: entry.mtimeSeconds,
      mtimeNs: entry.mtimeNs,
      snapshots: countOf(snapshots),
      snapshotIds: numbersOf(snapshots, snapshotsNamedMax).map(
        (number) => this.#snapshots[number].id,
      ),
    }
  }
}

interface TiedLists {
  readonly lists: readonly NameList[]
  readonly pages: ReadonlyMap<number, readonly number[]>
}

interface NamesOfDirectory {
  readonly pattern: FindPattern
  readonly path: string
  readonly names: readonly string[]
  readonly isFiltered: boolean
}

const nothing: EntryFacts = { mode: 0, size: 0, mtimeSeconds: 0, mtimeNs: 0, content: null }

function maskOf(
  snapshots: readonly SnapshotSummary[],
  ids: readonly SnapshotId[] | undefined,
): SnapshotSet | undefined {
  if (ids === undefined) return undefined
  const chosen = new Set(ids)
  const mask = emptySet(snapshots.length)
  for (const [number, { id }] of snapshots.entries()) if (chosen.has(id)) addToSet(mask, number)
  return mask
}

/** An absolute path of a file as it was on its machine means the path below the base of the snapshots, too. */
function patternsOf(
  { pattern, ignoreCase }: FindOptions,
  snapshots: readonly SnapshotSummary[],
): FindPattern[] {
  const bytes = Buffer.from(pattern)
  if (bytes.length === 0) {
    throw new HoldfastError('USAGE', 'Cannot search for an empty pattern', {
      remedy: 'Name a part of a file name, or a pattern such as "*.log"',
    })
  }
  const texts = new Map([[bytes.toString('latin1'), bytes]])
  for (const { base } of snapshots) {
    const prefix = Buffer.concat([decodePathText(base), Buffer.from('/')])
    if (prefix.length <= 2 || bytes.indexOf(prefix) !== 0) continue
    const below = bytes.subarray(prefix.length - 1)
    if (below.length > 1) texts.set(below.toString('latin1'), below)
  }
  return [...texts.values()].map((text) => readFindPattern(text, ignoreCase))
}

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  if (!/^\d{1,9}$/.test(cursor)) {
    throw new HoldfastError('USAGE', `Cannot continue a search at "${cursor}": that is no cursor`, {
      remedy: 'Give the cursor that came with the answer before',
    })
  }
  return Number(cursor)
}
