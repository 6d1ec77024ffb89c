import type { SnapshotSummary } from '../../catalogue/snapshot-row.ts'
import type { Repository } from '../../repository/repository.ts'
import type { FoundFolders } from './find-folders.ts'
import type { OwnerSets } from './owner-sets.ts'

/** References from pages to pages, sorted by the page that they are on. */
interface PageGraph {
  /** Where the children of each row begin; one more than rows. */
  readonly starts: Uint32Array
  readonly children: Uint32Array
}

/**
 * Which snapshots and folders hold each page: every page gets what the pages above it have, those above first. So each reference is looked
 * at once, whatever the number of snapshots.
 *
 * @returns numbers of sets, by row; snapshots are owners 0, 1, … in the order given, and the folders come behind them
 */
export function pageOwners(
  repository: Repository,
  snapshots: readonly SnapshotSummary[],
  folders: FoundFolders,
  sets: OwnerSets,
): Uint32Array {
  const { search } = repository.catalogue
  const graph = readGraph(search.pageReferences(), search.lastPage())
  const roots: number[] = []
  const own = new Map<number, number[]>()
  const add = (row: number, owner: number): void => {
    const known = own.get(row)
    if (known) known.push(owner)
    else own.set(row, [owner])
  }
  for (const [number, { treeId }] of snapshots.entries()) {
    const row = search.rowOf(Buffer.from(treeId, 'hex'))
    if (row === undefined) continue
    roots.push(row)
    add(row, number)
  }
  for (const [row, numbers] of folders.whole) {
    for (const number of numbers) add(row, snapshots.length + number)
  }
  const owners = inherit(graph, parentsFirst(graph, roots), own, sets)
  for (const [row, numbers] of folders.own) {
    for (const number of numbers) {
      owners[row] = sets.union(owners[row], sets.only(snapshots.length + number))
    }
  }
  return owners
}

/**
 * Every page gets the sets of all pages above it in one go: joined one by one, a folder in a thousand versions of the one above would leave
 * a thousand sets behind.
 *
 * @param own owners of a page itself
 */
function inherit(
  graph: PageGraph,
  order: Uint32Array,
  own: ReadonlyMap<number, readonly number[]>,
  sets: OwnerSets,
): Uint32Array {
  const owners = new Uint32Array(graph.starts.length - 1)
  const above = reversed(graph, order)
  for (const row of order) {
    const parents = above.children.subarray(above.starts[row], above.starts[row + 1])
    owners[row] = sets.unionOfAll(
      parents.map((parent) => owners[parent]),
      own.get(row) ?? [],
    )
  }
  return owners
}

/** What refers to each page, of the pages that are given. */
function reversed({ starts, children }: PageGraph, pages: Uint32Array): PageGraph {
  const begins = new Uint32Array(starts.length)
  for (const row of pages) {
    for (let at = starts[row]; at < starts[row + 1]; at++) begins[children[at] + 1] += 1
  }
  for (let row = 1; row < begins.length; row++) begins[row] += begins[row - 1]
  const parents = new Uint32Array(begins[begins.length - 1])
  const next = begins.slice()
  for (const row of pages) {
    for (let at = starts[row]; at < starts[row + 1]; at++) parents[next[children[at]]++] = row
  }
  return { starts: begins, children: parents }
}

function readGraph(references: Iterable<[number, number]>, lastRow: number): PageGraph {
  let pairs = new Uint32Array(65_536)
  let used = 0
  for (const [page, child] of references) {
    if (used === pairs.length) {
      const grown = new Uint32Array(pairs.length * 2)
      grown.set(pairs)
      pairs = grown
    }
    pairs[used++] = page
    pairs[used++] = child
  }
  const starts = new Uint32Array(lastRow + 2)
  for (let at = 0; at < used; at += 2) starts[pairs[at] + 1] += 1
  for (let row = 0; row <= lastRow; row++) starts[row + 1] += starts[row]
  const children = new Uint32Array(used / 2)
  const next = starts.slice()
  for (let at = 0; at < used; at += 2) children[next[pairs[at]]++] = pairs[at + 1]
  return { starts, children }
}

/** Every page that the roots lead to, after all that lead to it. Pages refer to each other by hash, so there are no cycles. */
function parentsFirst({ starts, children }: PageGraph, roots: readonly number[]): Uint32Array {
  const rows = starts.length - 1
  const seen = new Uint8Array(rows)
  const order = new Uint32Array(rows)
  let left = rows
  const stack: number[] = []
  const next = starts.slice()
  for (const root of roots) {
    if (seen[root] !== 0) continue
    seen[root] = 1
    stack.push(root)
    while (stack.length > 0) {
      const row = stack[stack.length - 1]
      if (next[row] === starts[row + 1]) {
        order[--left] = row
        stack.pop()
        continue
      }
      const child = children[next[row]++]
      if (seen[child] !== 0) continue
      seen[child] = 1
      stack.push(child)
    }
  }
  return order.subarray(left)
}
