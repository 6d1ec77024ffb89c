import type { JSX } from 'preact'

import { counted } from '../../../../foundation/human.ts'
import { requestJson } from '../../api/request.ts'
import type { Forgotten } from '../../../api/answers.ts'
import type { Column } from '../../list/column.ts'
import { PagedList } from '../../list/paged-list.tsx'
import { selectionColumn } from '../../list/selection-column.tsx'
import { useSelection, type Selection } from '../../list/selection.ts'
import { usePagedRows } from '../../list/use-paged-rows.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Bytes, FullTime, Name, Time } from '../../parts/values.tsx'
import { hrefTo } from '../../state/address.ts'
import { notify, notifyFailure } from '../../state/notices.ts'
import { noteChange } from '../../state/resource.ts'

export function ForgottenList(): JSX.Element {
  const rows = usePagedRows<Forgotten>({ path: 'snapshots/forgotten', query: {} })
  const selection = useSelection<Forgotten>(({ id }) => id, rows)
  return (
    <PageFrame
      title="Forgotten snapshots"
      isList
      lead={
        <>
          Deleted, and still to be had back. <a href="#/snapshots">All snapshots</a>
        </>
      }
    >
      <PagedList
        label="Forgotten snapshots, newest first"
        kind="forgotten"
        emptyTitle="Nothing was deleted"
        emptyText="What is deleted can be undeleted here for a while."
        rows={rows}
        columns={[selectionColumn(selection, (item) => `Select ${item.backup_id}`), ...columns]}
        isSelected={selection.has}
        onToggle={selection.toggle}
        onOpen={(item, index) => selection.toggle(item, index, false)}
      />
      {selection.items.length > 0 && <ForgottenBar selection={selection} />}
    </PageFrame>
  )
}

const columns: readonly Column<Forgotten>[] = [
  { name: 'Made', draw: (item) => <FullTime at={item.started_at} /> },
  { name: 'Type', class: 'wide', draw: ({ type }) => type },
  { name: 'Size', class: 'number wide', draw: ({ bytes }) => <Bytes value={bytes} /> },
  {
    name: 'Description',
    draw: ({ description, backup_id: name }) => <Name text={description || name} />,
  },
  { name: 'Deleted', class: 'wide', draw: (item) => <Time at={item.forgotten_at} /> },
]

function ForgottenBar({ selection }: { readonly selection: Selection<Forgotten> }): JSX.Element {
  return (
    <div class="selection-bar" role="region" aria-label="Selection">
      <strong>{selection.items.length} selected</strong>
      <span class="actions">
        <ActionButton
          icon="restore"
          tone="accent"
          onClick={() => {
            void undelete(selection.items)
            selection.clear()
          }}
        >
          Undelete
        </ActionButton>
        <button type="button" class="button button-quiet" onClick={selection.clear}>
          Clear
        </button>
      </span>
    </div>
  )
}

async function undelete(items: readonly Forgotten[]): Promise<void> {
  try {
    for (const { id } of items) await requestJson(`snapshots/${id}/undelete`, { method: 'POST' })
    const [{ backup_id: name, id }] = items
    if (items.length === 1) notify('good', `${name} is back`, hrefTo(['snapshots', id]))
    else notify('good', `${counted(items.length, 'snapshot')} are back`, hrefTo(['snapshots']))
  } catch (error) {
    notifyFailure(error)
  }
  noteChange()
}
