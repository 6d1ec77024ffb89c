import type { Snapshot } from '../../model/snapshot.ts'
import type { DirectoryListing } from '../../operations/browse/list-directory.ts'
import {
  entriesAt,
  orderDirectory,
  type DirectoryOrder,
} from '../../operations/browse/order-directory.ts'
import type { Repository } from '../../repository/repository.ts'
import { cursorAt, startOf } from './pages.ts'

/** Of a million files each takes 4 MB. */
const ordersMax = 4

export interface ListedPart {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly offset?: number | undefined
}

/** Folders in other orders than that of names. A snapshot never changes, and its lists are read page by page: the last orders are kept. */
export class DirectoryOrders {
  readonly #orders = new Map<string, Uint32Array>()

  /** @returns undefined for a path that is no directory, and for the order in which a directory is stored */
  list(
    repository: Repository,
    { snapshot, path, order }: OrderedDirectory,
    { limit, cursor, offset = 0 }: ListedPart,
  ): DirectoryListing | undefined {
    if (order.by === 'name' && !order.isDescending) return undefined
    const places = this.#places(repository, { snapshot, path, order })
    if (places === undefined) return undefined
    const start = cursor === undefined ? offset : startOf(cursor)
    const end = start + limit
    const part = entriesAt(repository, snapshot, path, places.subarray(start, end))
    return part && { ...part, nextCursor: cursorAt(end, places.length), total: places.length }
  }

  #places(
    repository: Repository,
    { snapshot, path, order }: OrderedDirectory,
  ): Uint32Array | undefined {
    const key = [snapshot.id, path.toString('hex'), order.by, order.isDescending].join(' ')
    const places = this.#orders.get(key) ?? orderDirectory(repository, snapshot, path, order)
    if (places === undefined) return undefined
    this.#orders.delete(key)
    this.#orders.set(key, places)
    const [oldest] = this.#orders.keys()
    if (this.#orders.size > ordersMax) this.#orders.delete(oldest)
    return places
  }
}

interface OrderedDirectory {
  readonly snapshot: Snapshot
  readonly path: Buffer
  readonly order: DirectoryOrder
}
