import type { JSX } from 'preact'

import type { Entry, EntryKind } from '../../../api/answers.ts'
import type { Column } from '../../list/column.ts'
import { PagedList } from '../../list/paged-list.tsx'
import type { PagedRows } from '../../list/paged-rows.ts'
import { selectionColumn } from '../../list/selection-column.tsx'
import type { Selection } from '../../list/selection.ts'
import type { ChosenOrder } from '../../list/use-order.ts'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { Bytes, FullTime, Name } from '../../parts/values.tsx'

export const iconOfKind: Readonly<Record<EntryKind, IconName>> = {
  directory: 'folder',
  file: 'file',
  symlink: 'link',
  other: 'other',
}

/** What each order is called where headings are left out. */
export const fileOrders = {
  name: ['Name, A to Z', 'Name, Z to A'],
  size: ['Smallest first', 'Largest first'],
  mtime: ['Oldest first', 'Newest first'],
} as const

export interface FileListProps extends ChosenOrder {
  readonly rows: PagedRows<Entry> | undefined
  readonly selection: Selection<Entry>
  onOpen(entry: Entry): void
}

export function FileList(props: FileListProps): JSX.Element {
  const { rows, selection, order, onOrder, onOpen } = props
  return (
    <PagedList
      label="Files of this folder"
      kind="files"
      emptyTitle="This folder is empty"
      rows={rows}
      columns={[selectionColumn(selection, () => 'Select'), ...columns]}
      order={order}
      onOrder={onOrder}
      isSelected={selection.has}
      onToggle={selection.toggle}
      onOpen={onOpen}
    />
  )
}

const columns: readonly Column<Entry>[] = [
  {
    name: 'Name',
    class: 'entry',
    sort: 'name',
    classOf: ({ kind }) => `entry-${kind}`,
    draw: ({ kind, name, link_target: target }) => (
      <>
        <Icon name={iconOfKind[kind]} />
        <span class="unseen">{kind} </span>
        <Name text={name} />
        {target !== null && (
          <span class="muted link-target">
            → <Name text={target} />
          </span>
        )}
      </>
    ),
  },
  {
    name: 'Size',
    class: 'number',
    sort: 'size',
    isDescendingFirst: true,
    draw: drawSize,
  },
  {
    name: 'Changed',
    class: 'wide',
    sort: 'mtime',
    isDescendingFirst: true,
    draw: ({ mtime }) => <FullTime at={mtime} />,
  },
  { name: 'Mode', class: 'wide mono muted', draw: ({ mode }) => modeText(mode) },
]

/** A folder's size is that of the files below it; a link's is the length of its text, which says nothing. */
function drawSize({ kind, size }: Entry): JSX.Element | null {
  if (kind === 'file') return <Bytes value={size} />
  if (kind !== 'directory') return null
  return (
    <span class="muted">
      <Bytes value={size} />
    </span>
  )
}

/** `rwxr-x---` */
export function modeText(mode: number): string {
  const letters = 'rwxrwxrwx'.split('')
  return letters.map((letter, index) => ((mode & (0o400 >> index)) === 0 ? '-' : letter)).join('')
}
