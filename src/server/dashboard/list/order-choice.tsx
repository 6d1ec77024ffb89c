import type { JSX } from 'preact'

import { Choice } from '../parts/choice.tsx'
import type { Order } from './column.ts'
import type { ChosenOrder } from './use-order.ts'

export interface OrderChoiceProps extends ChosenOrder {
  /** The server's name of each order, and what it is called when it goes up and when it goes down. */
  readonly names: Readonly<Record<string, readonly [ascending: string, descending: string]>>
}

/** Orders a list where there is no room for some of its headings. */
export function OrderChoice({ names, order, onOrder }: OrderChoiceProps): JSX.Element {
  const options = Object.entries(names).flatMap(([by, [ascending, descending]]) => [
    [valueOf({ by, isDescending: false }), ascending] as const,
    [valueOf({ by, isDescending: true }), descending] as const,
  ])
  return (
    <span class="narrow">
      <Choice
        label="Order"
        value={valueOf(order)}
        options={options}
        onChange={(value) => {
          const [by = '', direction] = value.split(' ')
          onOrder({ by, isDescending: direction === 'desc' })
        }}
      />
    </span>
  )
}

function valueOf({ by, isDescending }: Order): string {
  return `${by} ${isDescending ? 'desc' : 'asc'}`
}
