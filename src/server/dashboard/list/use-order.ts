import { replaceQuery, route } from '../state/route.ts'
import type { Order } from './column.ts'

export interface ChosenOrder {
  readonly order: Order
  onOrder(order: Order): void
}

/** The order that the address of the page asks for, as far as the list has it, and the way to another one. */
export function useOrder(names: readonly string[], standard: Order): ChosenOrder {
  const { query } = route.value
  const by = query.get('sort') ?? ''
  const order = names.includes(by) ? { by, isDescending: query.get('order') === 'desc' } : standard
  return { order, onOrder: (next) => replaceQuery(orderQuery(next)) }
}

/** For links inside of a page: the order that was chosen goes with whoever follows them. */
export function chosenQuery(): Record<'sort' | 'order', string | undefined> {
  const { query } = route.value
  return { sort: query.get('sort') ?? undefined, order: query.get('order') ?? undefined }
}

export function orderQuery({ by, isDescending }: Order): Record<'sort' | 'order', string> {
  return { sort: by, order: isDescending ? 'desc' : 'asc' }
}
