import { addAll, type SnapshotSet } from './snapshot-set.ts'
import { sortPart } from './sort-part.ts'

/** Where a page with matches stands: a directory in some snapshots. */
export interface FoundPage {
  readonly page: number
  readonly snapshots: SnapshotSet
  /** Number of the newest of them. */
  readonly newest: number
}

/** A path that was found. */
export interface FoundPath extends FoundPage {
  /** latin1 text, as are all paths and names of a search. */
  readonly path: string
  readonly name: string
}

/** Names that stand in the same snapshots, as most of a directory do; or each with its own. */
type FoundNames = { readonly names: readonly string[]; readonly found: FoundPage } | NamesApart
type NamesApart = Map<string, FoundPage>

/**
 * What a search has found, by directory and name: whole paths are made only of those that are asked for. Sets of snapshots are never changed,
 * because the names of one list share theirs.
 */
export class FoundPaths {
  readonly #directories = new Map<string, FoundNames>()
  readonly #joined = new LastJoined()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @param names different names of one directory that stand in the same snapshots */
  add(directory: string, names: readonly string[], found: FoundPage): void {
    const before = this.#directories.get(directory)
    if (!before) {
      this.#directories.set(directory, { names, found })
      this.#count += names.length
      return
    }
    const known = before instanceof Map ? before : new Map(pairsOf(before))
    if (known !== before) this.#directories.set(directory, known)
    for (const name of names) {
      const other = known.get(name)
      if (!other) this.#count += 1
      known.set(name, other ? this.#joined.join(other, found) : found)
    }
  }

  /** A part of all of them; those of the newest snapshots first, then by path. */
  part(start: number, end: number): FoundPath[] {
    const span = this.#newestWithin(start, end)
    const { paths, before } =
      span.first === span.last ? this.#ofOne(span, [start, end]) : this.#ofAll(span)
    sortPart(paths, [start - before, end - before], byNewestThenPath)
    return paths.slice(start - before, end - before)
  }

  /** Numbers of the first and the last snapshot that a part is about, and how many paths come before those of the first. */
  #newestWithin(start: number, end: number): NewestSpan {
    const counts: number[] = []
    const add = (newest: number, count: number): void => {
      counts[newest] = (counts[newest] ?? 0) + count
    }
    for (const known of this.#directories.values()) {
      if (known instanceof Map) for (const { newest } of known.values()) add(newest, 1)
      else add(known.found.newest, known.names.length)
    }
    let before = 0
    let number = 0
    while (number < counts.length && before + (counts[number] ?? 0) <= start) {
      before += counts[number++] ?? 0
    }
    const first = number
    let through = before
    while (number < counts.length && through < end) through += counts[number++] ?? 0
    return { first, last: number - 1, before }
  }

  #ofAll({ first, last, before }: NewestSpan): PathsFrom {
    const paths: FoundPath[] = []
    for (const directory of this.#directories.keys()) {
      for (const path of this.#pathsOf(directory, first, last)) paths.push(path)
    }
    return { paths, before }
  }

  /** Paths of one newest snapshot: of directories that come before the part and after it none is made. */
  #ofOne({ first, before }: NewestSpan, [start, end]: readonly [number, number]): PathsFrom {
    const paths: FoundPath[] = []
    let passed = before
    for (const family of familiesOf(this.#directories.keys())) {
      if (passed + paths.length >= end) break
      const own = family.flatMap((directory) => this.#pathsOf(directory, first, first))
      if (paths.length === 0 && passed + own.length <= start) passed += own.length
      else for (const path of own) paths.push(path)
    }
    return { paths, before: passed }
  }

  #pathsOf(directory: string, first: number, last: number): FoundPath[] {
    const known = this.#directories.get(directory)
    if (!known) return []
    const isAsked = ({ newest }: FoundPage): boolean => newest >= first && newest <= last
    if (!(known instanceof Map) && !isAsked(known.found)) return []
    const prefix = prefixOf(directory)
    const paths: FoundPath[] = []
    for (const [name, found] of known instanceof Map ? known : pairsOf(known)) {
      if (isAsked(found)) paths.push({ path: prefix + name, name, ...found })
    }
    return paths
  }
}

interface NewestSpan {
  readonly first: number
  readonly last: number
  readonly before: number
}

/** Not yet sorted; so many come before them. */
interface PathsFrom {
  readonly paths: FoundPath[]
  readonly before: number
}

function pairsOf({ names, found }: Exclude<FoundNames, NamesApart>): [string, FoundPage][] {
  return names.map((name) => [name, found])
}

function prefixOf(directory: string): string {
  return directory === '' ? '' : `${directory}/`
}

/**
 * Directories in groups, each a directory and those below it, in the order of their paths: every path of one group comes before every path of
 * the next. Between the names of a directory stand those of the directories in it.
 */
function* familiesOf(directories: Iterable<string>): Generator<string[]> {
  const sorted = Array.from(directories, (directory) => ({
    directory,
    prefix: prefixOf(directory),
  }))
  sorted.sort((one, other) => (one.prefix < other.prefix ? -1 : 1))
  let family: string[] = []
  let head: string | undefined
  for (const { directory, prefix } of sorted) {
    if (head === undefined || !prefix.startsWith(head)) {
      if (family.length > 0) yield family
      family = []
      head = prefix
    }
    family.push(directory)
  }
  if (family.length > 0) yield family
}

/** What is known of a directory by two lists of names is joined once for all names that both have. */
class LastJoined {
  #one: FoundPage | undefined
  #other: FoundPage | undefined
  #both: FoundPage | undefined

  join(one: FoundPage, other: FoundPage): FoundPage {
    if (this.#both && this.#one === one && this.#other === other) return this.#both
    this.#one = one
    this.#other = other
    this.#both = joinFound(one, other)
    return this.#both
  }
}

/** The same directory as two pages have it; told of is the newest. */
export function joinFound(one: FoundPage | undefined, other: FoundPage): FoundPage {
  if (!one) return other
  const snapshots = one.snapshots.slice()
  addAll(snapshots, other.snapshots)
  const { page, newest } = other.newest < one.newest ? other : one
  return { page, newest, snapshots }
}

function byNewestThenPath(one: FoundPath, other: FoundPath): number {
  if (one.newest !== other.newest) return one.newest - other.newest
  return one.path < other.path ? -1 : one.path > other.path ? 1 : 0
}
