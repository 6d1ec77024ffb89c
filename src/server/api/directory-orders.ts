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
  readonly #orders = new Map<string, Promise<Uint32Array | undefined>>()

  /** @returns undefined for a path that is no directory, and for the order in which a directory is stored */
  async list(
    repository: Repository,
    { snapshot, path, order }: OrderedDirectory,
    { limit, cursor, offset = 0 }: ListedPart,
  ): Promise<DirectoryListing | undefined> {
    if (order.by === 'name' && !order.isDescending) return undefined
    const start = cursor === undefined ? offset : startOf(cursor)
    const places = await this.#places(repository, { snapshot, path, order })
    if (places === undefined) return undefined
    const end = start + limit
    const part = entriesAt(repository, snapshot, path, places.subarray(start, end))
    return part && { ...part, nextCursor: cursorAt(end, places.length), total: places.length }
  }

  /** Who asks while another waits for the same waits with him. */
  #places(
    repository: Repository,
    { snapshot, path, order }: OrderedDirectory,
  ): Promise<Uint32Array | undefined> {
    const key = [snapshot.id, path.toString('hex'), order.by, order.isDescending].join(' ')
    const places = this.#orders.get(key) ?? orderDirectory(repository, snapshot, path, order)
    this.#orders.delete(key)
    this.#orders.set(key, places)
    const forget = (): void => {
      if (this.#orders.get(key) === places) this.#orders.delete(key)
    }
    // What failed is tried again by whoever asks next, and what is no directory takes no place.
    places.then((found) => found ?? forget(), forget)
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
