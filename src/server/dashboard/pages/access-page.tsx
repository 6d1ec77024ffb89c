import type { JSX } from 'preact'

import { counted } from '../../../foundation/human.ts'
import type { AccessRecord, RestoreRecord } from '../../api/answers.ts'
import type { Column } from '../list/column.ts'
import { PagedList } from '../list/paged-list.tsx'
import { usePagedRows } from '../list/use-paged-rows.ts'
import { StatusChip } from '../parts/chip.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Name, Time } from '../parts/values.tsx'
import { hrefTo } from '../state/address.ts'
import { route } from '../state/route.ts'

/** Who restored, deleted, exported, changed keys, or failed to sign in; and the restores. */
export function AccessPage(): JSX.Element {
  const isRestores = route.value.rest[0] === 'restores'
  const tab = (parts: readonly string[], text: string, isCurrent: boolean): JSX.Element => (
    <a
      class="button button-quiet"
      href={hrefTo(parts)}
      aria-current={isCurrent ? 'page' : undefined}
    >
      {text}
    </a>
  )
  return (
    <PageFrame
      title="Access log"
      isList
      lead="Who did what, when, and what came of it."
      actions={
        <span class="segmented">
          {tab(['access'], 'Everything', !isRestores)}
          {tab(['access', 'restores'], 'Restores', isRestores)}
        </span>
      }
    >
      {isRestores ? <Restores /> : <Accesses />}
    </PageFrame>
  )
}

const accessColumns: readonly Column<AccessRecord>[] = [
  { name: 'When', draw: ({ at }) => <Time at={at} /> },
  { name: 'What', draw: ({ action }) => action },
  { name: 'Result', draw: ({ result }) => <StatusChip status={result} /> },
  { name: 'Who', class: 'wide', draw: (item) => <Name text={whoText(item)} /> },
  {
    name: 'About',
    class: 'entry',
    draw: ({ target, message }) => (
      <Name text={[target, message].filter((text) => text).join(' · ')} />
    ),
  },
]

function Accesses(): JSX.Element {
  const rows = usePagedRows<AccessRecord>({ path: 'access-log', query: {} })
  return (
    <PagedList
      label="Access log, newest first"
      kind="access"
      emptyTitle="Nothing is on record yet"
      rows={rows}
      rowHeight={46}
      columns={accessColumns}
    />
  )
}

function whoText({ actor }: AccessRecord): string {
  const from = actor.address ?? ''
  return `${actor.user} by ${actor.via}${from === '' ? '' : ` from ${from}`}`
}

const restoreColumns: readonly Column<RestoreRecord>[] = [
  { name: 'When', draw: (item) => <Time at={item.restored_at} /> },
  { name: 'Backup', draw: (item) => item.backup_id },
  { name: 'Result', draw: ({ status }) => <StatusChip status={status} /> },
  {
    name: 'Files',
    class: 'number wide',
    draw: (item) => counted(item.restored_files.length, 'file'),
  },
  {
    name: 'About',
    class: 'entry',
    draw: (item) => <Name text={item.error_message || item.restore_id} />,
  },
]

function Restores(): JSX.Element {
  const rows = usePagedRows<RestoreRecord>({ path: 'restores', query: {} })
  return (
    <PagedList
      label="Restores, newest first"
      kind="access"
      emptyTitle="Nothing was restored yet"
      rows={rows}
      rowHeight={46}
      columns={restoreColumns}
    />
  )
}
