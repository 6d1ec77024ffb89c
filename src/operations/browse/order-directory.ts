import { DirectoryReader, type PageReference } from '../../format/tree/directory-reader.ts'
import { refusePage } from '../../format/tree/tree-damage.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import { TimeSlice } from '../../foundation/time-slice.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath, topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf } from '../../repository/tree-walk.ts'
import { joinPath } from './find-pattern.ts'
import { listedEntry, type ListedEntry } from './list-tree.ts'
import { orderOfKeys } from './order-of-keys.ts'

export interface DirectoryOrder {
  readonly by: 'name' | 'size' | 'mtime'
  readonly isDescending: boolean
}

export interface OrderedEntries {
  /** Of the directory, from the root of the snapshot, without a leading slash. */
  readonly path: Buffer
  readonly items: readonly ListedEntry[]
}

/** Longer a server should not be kept from answering others. */
const sliceMs = 20

/**
 * The places of a directory's entries, counted from 0 in the order of names, in another order; among equals the order of names stays.
 * Looks at every entry, with room for other work between pages, but keeps only a few bytes of each meanwhile and four of each in the result.
 *
 * @returns undefined for a path that is no directory
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 * @throws {RepositoryError} when a page is lost
 */
export async function orderDirectory(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
  order: DirectoryOrder,
): Promise<Uint32Array | undefined> {
  const directory = openDirectory(repository, snapshot, path)
  if (!directory) return undefined
  const { reader, top } = directory
  const count = reader.count(top)
  // Before so much memory is asked for: a directory can say anything of itself.
  if (count > entryCountOf(snapshot)) refusePage('there are more entries than the snapshot has')
  if (order.by !== 'name') {
    return orderOfKeys(await keysOf(reader, top, order.by, count), order.isDescending)
  }
  const places = Uint32Array.from({ length: count }, (_, place) => place)
  return order.isDescending ? places.reverse() : places
}

async function keysOf(
  reader: DirectoryReader,
  top: PageReference,
  by: 'size' | 'mtime',
  count: number,
): Promise<Float64Array> {
  const keys = new Float64Array(count)
  let place = 0
  const slice = new TimeSlice(sliceMs)
  for (const page of reader.pages(top)) {
    for (let index = 0; index < page.entryCount; index++) {
      // A double holds the seconds of this century to a quarter of a microsecond, finer than anybody sees.
      keys[place++] =
        by === 'size' ? page.sizeOf(index) : page.mtimeSeconds(index) + page.mtimeNs(index) / 1e9
    }
    if (slice.isOver) await slice.pause()
  }
  return keys
}

/**
 * The entries at these places of a directory, in the order in which they are asked for. A page is read once, however many of the
 * entries it has.
 *
 * @returns undefined for a path that is no directory
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 * @throws {RepositoryError} when a page is lost
 */
export function entriesAt(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
  places: Uint32Array,
): OrderedEntries | undefined {
  const directory = openDirectory(repository, snapshot, path)
  if (!directory) return undefined
  const { reader, top, path: found } = directory
  const entries = new Map<number, ListedEntry>()
  const ascending = places.toSorted()
  for (let at = 0; at < ascending.length;) {
    const [next] = reader.pagesFrom(top, ascending[at])
    const [page, skipped] = next
    const first = ascending[at] - skipped
    for (; at < ascending.length && ascending[at] - first < page.entryCount; at++) {
      const index = ascending[at] - first
      const name = Buffer.from(page.name(index))
      const absolute = Buffer.concat([Buffer.from('/'), joinPath(found, name)])
      entries.set(ascending[at], listedEntry(page, index, absolute))
    }
  }
  const items = Array.from(places, (place) => entries.get(place))
  return { path: found, items: items.filter((entry) => entry !== undefined) }
}

interface Directory {
  readonly path: Buffer
  readonly top: PageReference
  readonly reader: DirectoryReader
}

function openDirectory(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
): Directory | undefined {
  const found = findPath(repository, snapshot, path)
  const reader = new DirectoryReader(
    (id, bytes) => Buffer.from(repository.trees.readTree(id, bytes)),
    Number.MAX_SAFE_INTEGER,
  )
  if (found.kind === 'root') return { path: Buffer.alloc(0), top: found.top, reader }
  if (!isDirectory(found.page.mode(found.index))) return undefined
  const { page, index, components } = found
  return { path: components.reduce(joinPath, Buffer.alloc(0)), top: topPageOf(page, index), reader }
}
