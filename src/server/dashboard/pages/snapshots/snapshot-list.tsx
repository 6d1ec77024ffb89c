import type { JSX } from 'preact'

import { humanCount } from '../../../../foundation/human.ts'
import type { Snapshot } from '../../../api/answers.ts'
import type { Column } from '../../list/column.ts'
import { PagedList } from '../../list/paged-list.tsx'
import type { PagedRows } from '../../list/paged-rows.ts'
import { selectionColumn } from '../../list/selection-column.tsx'
import type { Selection } from '../../list/selection.ts'
import type { ChosenOrder } from '../../list/use-order.ts'
import { Chip, StatusChip } from '../../parts/chip.tsx'
import { Bytes, Name, Time } from '../../parts/values.tsx'
import { hrefTo } from '../../state/address.ts'
import { goTo } from '../../state/route.ts'
import { useExclusiveBytes } from './use-exclusive-bytes.ts'

/** What each order is called where headings are left out. */
export const snapshotOrders = {
  started_at: ['Oldest first', 'Newest first'],
  type: ['Type, A to Z', 'Type, Z to A'],
  bytes: ['Smallest first', 'Largest first'],
  exclusive_bytes: ['Least exclusive first', 'Most exclusive first'],
} as const

export interface SnapshotListProps extends ChosenOrder {
  readonly rows: PagedRows<Snapshot> | undefined
  readonly selection: Selection<Snapshot>
  readonly isFiltered: boolean
  /** A run that made no snapshot has no page of its own. */
  onOpenFailed(run: Snapshot): void
}

export function SnapshotList(props: SnapshotListProps): JSX.Element {
  const { rows, selection, isFiltered, order, onOrder, onOpenFailed } = props
  const exclusiveBytes = useExclusiveBytes()
  return (
    <PagedList
      label="Snapshots and failed runs"
      kind="snapshots"
      emptyTitle={isFiltered ? 'No snapshot matches' : 'No snapshot yet'}
      emptyText={isFiltered ? 'Change or clear the filter.' : 'The first backup appears here.'}
      rows={rows}
      rowHeight={44}
      columns={columnsOf(selection, exclusiveBytes)}
      order={order}
      onOrder={onOrder}
      isSelected={selection.has}
      onToggle={(item, index, isRange) => {
        if (item.id !== null) selection.toggle(item, index, isRange)
      }}
      onOpen={(item) => {
        if (item.id === null) onOpenFailed(item)
        else goTo(['snapshots', item.id])
      }}
    />
  )
}

function columnsOf(
  selection: Selection<Snapshot>,
  exclusiveBytes: (snapshot: Snapshot) => number | null | undefined,
): readonly Column<Snapshot>[] {
  return [
    selectionColumn(selection, ({ id, backup_id: name }) =>
      id === null ? undefined : `Select ${name}`,
    ),
    { name: 'Made', sort: 'started_at', isDescendingFirst: true, draw: drawTime },
    { name: 'Type', sort: 'type', draw: ({ type }) => type },
    { name: 'State', draw: drawState },
    {
      name: 'Files',
      class: 'number wide',
      draw: (item) => (item.is_failed_run ? '–' : humanCount(item.files)),
    },
    {
      name: 'Size',
      class: 'number',
      sort: 'bytes',
      isDescendingFirst: true,
      draw: (item) => <Bytes value={item.is_failed_run ? null : item.bytes} />,
    },
    {
      name: 'Exclusive',
      class: 'number wide',
      sort: 'exclusive_bytes',
      isDescendingFirst: true,
      draw: (item) => <Bytes value={exclusiveBytes(item)} />,
    },
    { name: 'Description', class: 'widest', draw: drawDescription },
  ]
}

function drawTime({ id, started_at: at }: Snapshot): JSX.Element {
  if (id === null) return <Time at={at} />
  return (
    <a tabIndex={-1} href={hrefTo(['snapshots', id])}>
      <Time at={at} />
    </a>
  )
}

function drawState({ is_failed_run: isFailedRun, status }: Snapshot): JSX.Element {
  return isFailedRun ? <Chip tone="bad">failed run</Chip> : <StatusChip status={status} />
}

function drawDescription(item: Snapshot): JSX.Element {
  if (!item.is_failed_run) return <Name text={item.description || item.backup_id} />
  return (
    <span class="text-bad">
      <Name text={item.error ?? item.description} />
    </span>
  )
}
