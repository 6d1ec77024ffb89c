import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { counted } from '../../../../foundation/human.ts'
import type { Snapshot } from '../../../api/answers.ts'
import { OrderChoice } from '../../list/order-choice.tsx'
import { useSelection } from '../../list/selection.ts'
import { useOrder, type ChosenOrder } from '../../list/use-order.ts'
import { usePagedRows } from '../../list/use-paged-rows.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Choice } from '../../parts/choice.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { startBackupDialog } from '../../state/dialogs.ts'
import { replaceQuery, route } from '../../state/route.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { ForgottenList } from './forgotten-list.tsx'
import { SelectionBar } from './selection-bar.tsx'
import { SnapshotFacts } from './snapshot-facts.tsx'
import { SnapshotList, snapshotOrders } from './snapshot-list.tsx'
import { SnapshotPage } from './snapshot-page.tsx'

export const backupTypes = ['full', 'incremental', 'index', 'cache', 'config'] as const

export function SnapshotsPage({ id }: { readonly id: string | undefined }): JSX.Element {
  if (id === undefined) return <AllSnapshots />
  return id === 'forgotten' ? <ForgottenList /> : <SnapshotPage id={id} />
}

function AllSnapshots(): JSX.Element {
  const { query } = route.value
  const [type, status, text] = ['type', 'status', 'q'].map((name) => query.get(name) ?? '')
  const chosen = useOrder(Object.keys(snapshotOrders), { by: 'started_at', isDescending: true })
  const rows = usePagedRows<Snapshot>({
    path: 'snapshots',
    query: { type, status, q: text },
    order: chosen.order,
  })
  const selection = useSelection<Snapshot>((each) => each.id ?? each.backup_id, rows)
  const [deleted, setDeleted] = useState<readonly Snapshot[]>()
  const [failed, setFailed] = useState<Snapshot>()
  return (
    <PageFrame
      title="Snapshots"
      isList
      lead={rows?.total === undefined ? '\u00a0' : counted(rows.total, 'entry', 'entries')}
      actions={
        <>
          <a class="button" href="#/snapshots/forgotten">
            Forgotten
          </a>
          <ActionButton tone="accent" icon="jobs" onClick={startBackupDialog}>
            Back up now
          </ActionButton>
        </>
      }
    >
      <Filters type={type} status={status} text={text} chosen={chosen} />
      <SnapshotList
        rows={rows}
        selection={selection}
        {...chosen}
        isFiltered={type + status + text !== ''}
        onOpenFailed={(run) => setFailed(run)}
      />
      <SelectionBar selection={selection} onDelete={setDeleted} />
      {failed !== undefined && (
        <Dialog title="Failed run" size="large" onClose={() => setFailed(undefined)}>
          <SnapshotFacts snapshot={failed} />
        </Dialog>
      )}
      {deleted !== undefined && (
        <DeleteDialog
          snapshots={deleted}
          onClose={() => setDeleted(undefined)}
          onDeleted={selection.clear}
        />
      )}
    </PageFrame>
  )
}

interface FiltersProps {
  readonly type: string
  readonly status: string
  readonly text: string
  readonly chosen: ChosenOrder
}

function Filters({ type, status, text, chosen }: FiltersProps): JSX.Element {
  return (
    <div class="toolbar">
      <SearchField label="Filter by text" value={text} onSearch={(q) => replaceQuery({ q })} />
      <Choice
        label="Type"
        value={type}
        options={[['', 'All types'], ...backupTypes.map((each) => [each, each] as const)]}
        onChange={(value) => replaceQuery({ type: value })}
      />
      <Choice
        label="Status"
        value={status}
        options={[
          ['', 'All states'],
          ['created', 'created'],
          ['verified', 'verified'],
          ['failed', 'failed'],
        ]}
        onChange={(value) => replaceQuery({ status: value })}
      />
      <OrderChoice names={snapshotOrders} {...chosen} />
    </div>
  )
}
