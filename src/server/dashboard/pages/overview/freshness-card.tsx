import type { JSX } from 'preact'

import type { Freshness } from '../../../api/answers.ts'
import { Chip } from '../../parts/chip.tsx'
import { Card } from '../../parts/page.tsx'
import { Empty } from '../../parts/states.tsx'
import { Time } from '../../parts/values.tsx'

/** How old the newest backup of each type is, against what its schedule asks for. */
export function FreshnessCard({ items }: { readonly items: readonly Freshness[] }): JSX.Element {
  return (
    <Card title="Freshness">
      {items.length === 0 ? (
        <Empty title="Nothing is scheduled" />
      ) : (
        <div class="table-frame">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col">Last success</th>
                <th scope="col">Due</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <tr key={item.type}>
                  <th scope="row">{item.type}</th>
                  <td>
                    <Time at={item.last_success_at} />
                  </td>
                  <td>
                    <Time at={item.due_at} never="–" />
                  </td>
                  <td>
                    <FreshnessChip item={item} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

function FreshnessChip({ item }: { readonly item: Freshness }): JSX.Element {
  if (item.is_late) return <Chip tone="bad">late</Chip>
  if (item.last_success_at !== null) return <Chip tone="good">fresh</Chip>
  return <Chip tone="plain">{item.due_at === null ? 'by hand' : 'waiting'}</Chip>
}
