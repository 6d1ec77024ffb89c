import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { PageParents } from '../../catalogue/tree-search.ts'
import type { Repository } from '../../repository/repository.ts'
import { addAll, addToSet, SetMaker, type SnapshotSet } from './snapshot-set.ts'

/** A path that a page has, and in which snapshots. */
export interface Place {
  /** Path of the directory from the root, without slashes at its ends, as latin1 text. */
  readonly path: string
  readonly snapshots: SnapshotSet
}

/** How many paths one page is followed to: directories that hold the same directory twice, level by level, would give 2^depth. */
const placesMax = 1_000
const depthMax = 4_096
/** About 400 bytes each in a repository of a thousand snapshots. */
const pagesKept = 50_000

interface Open {
  readonly page: number
  readonly parents: readonly PageParents[]
  /** The pages of all parents. */
  readonly above: readonly number[]
  next: number
}

/**
 * Leads from a page to the paths that it has in snapshots, by what refers to it. Each page is looked at once, however many searches for
 * names end in it.
 */
export class FindPlaces {
  readonly #search: Repository['catalogue']['search']
  readonly #roots = new Map<number, SnapshotSet>()
  readonly #known = new Map<number, readonly Place[]>()
  readonly #sets: SetMaker
  #referencesLeft = 0
  /** Whether everything was followed to its end. */
  isComplete = true

  /** @param newestFirst all snapshots, in the order of their numbers */
  constructor({ catalogue }: Repository, newestFirst: readonly SnapshotSummary[]) {
    this.#search = catalogue.search
    this.#sets = new SetMaker(newestFirst.length)
    for (const [number, { treeId }] of newestFirst.entries()) {
      const row = this.#search.rowOf(Buffer.from(treeId, 'hex'))
      if (row === undefined) continue
      let set = this.#roots.get(row)
      if (!set) this.#roots.set(row, (set = this.#sets.make()))
      addToSet(set, number)
    }
  }

  /** Top pages of the snapshots. */
  get roots(): Iterable<number> {
    return this.#roots.keys()
  }

  /** Begins a search. What earlier ones found out is kept, up to a bound. */
  begin(referencesMax: number): void {
    this.#referencesLeft = referencesMax
    if (this.#known.size > pagesKept) this.#known.clear()
  }

  /** Whether more pages may be asked for. */
  get hasRoom(): boolean {
    return this.#referencesLeft > 0
  }

  /** An explicit stack, because a path may be as deep as a hostile tree makes it. */
  placesOf(wanted: number): readonly Place[] {
    const known = this.#known.get(wanted)
    if (known) return known
    const stack: Open[] = [this.#open(wanted)]
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      const parent = top.above[top.next++]
      if (parent !== undefined) {
        if (this.#known.has(parent)) continue
        if (stack.length < depthMax) stack.push(this.#open(parent))
        else this.isComplete = false
        continue
      }
      this.#known.set(top.page, this.#join(top))
      stack.pop()
    }
    return this.#known.get(wanted) ?? []
  }

  #open(page: number): Open {
    // Until it is known: pages lead to each other by hash, so only a file that was tampered with has a cycle, and there it ends.
    this.#known.set(page, [])
    const parents = this.#search.parents(page)
    const above = parents.length === 1 ? parents[0].pages : parents.flatMap(({ pages }) => pages)
    this.#referencesLeft -= above.length + 1
    return { page, parents, above, next: 0 }
  }

  #join(open: Open): readonly Place[] {
    return this.#joinVersions(open) ?? this.#joinAll(open)
  }

  /** A directory that stands in versions of one directory, each of them in one place, as most do. */
  #joinVersions({ page, parents, above }: Open): readonly Place[] | undefined {
    if (parents.length !== 1 || this.#roots.has(page)) return undefined
    const path = this.#known.get(above[0])?.[0]?.path
    if (path === undefined) return undefined
    const snapshots = this.#sets.make()
    for (const parent of above) {
      const places = this.#known.get(parent)
      if (places?.length !== 1 || places[0].path !== path) return undefined
      addAll(snapshots, places[0].snapshots)
    }
    const [{ name, mode }] = parents
    return [{ path: mode === 0 ? path : joinText(path, name.toString('latin1')), snapshots }]
  }

  #joinAll({ page, parents }: Open): readonly Place[] {
    const places = new Map<string, SnapshotSet>()
    const root = this.#roots.get(page)
    if (root) places.set('', Uint32Array.from(root))
    for (const { name, mode, pages } of parents) {
      const text = mode === 0 ? '' : name.toString('latin1')
      let last: string | undefined
      let lastSet: SnapshotSet | undefined
      for (const parent of pages) {
        for (const { path, snapshots } of this.#known.get(parent) ?? []) {
          // Versions of one directory come one after the other.
          if (path !== last) {
            const below = mode === 0 ? path : joinText(path, text)
            lastSet = this.#setOf(places, below)
            last = path
          }
          if (lastSet) addAll(lastSet, snapshots)
        }
      }
    }
    return [...places].map(([path, snapshots]) => ({ path, snapshots }))
  }

  #setOf(places: Map<string, SnapshotSet>, path: string): SnapshotSet | undefined {
    const known = places.get(path)
    if (known) return known
    if (places.size >= placesMax) {
      this.isComplete = false
      return undefined
    }
    const set = this.#sets.make()
    places.set(path, set)
    return set
  }
}

function joinText(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}
