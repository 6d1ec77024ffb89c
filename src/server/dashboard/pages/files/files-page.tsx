import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { counted } from '../../../../foundation/human.ts'
import { requestJson } from '../../api/request.ts'
import type { Entry, Snapshot } from '../../../api/answers.ts'
import { OrderChoice } from '../../list/order-choice.tsx'
import { useSelection } from '../../list/selection.ts'
import { chosenQuery, useOrder } from '../../list/use-order.ts'
import { usePagedRows } from '../../list/use-paged-rows.ts'
import { PageFrame } from '../../parts/page.tsx'
import { SearchField } from '../../parts/search-field.tsx'
import { FullTime } from '../../parts/values.tsx'
import { useResource } from '../../state/resource.ts'
import { goTo, route } from '../../state/route.ts'
import { Breadcrumbs } from './breadcrumbs.tsx'
import { FileBar } from './file-bar.tsx'
import { FileDialog } from './file-dialog.tsx'
import { fileOrders, FileList } from './file-list.tsx'
import { joinPath, pathParameters, pathQuery, readPath, type FilePath } from './file-path.ts'

const standardOrder = { by: 'name', isDescending: false }

export function FilesPage({ id }: { readonly id: string }): JSX.Element {
  const path = readPath(route.value.query)
  // Another folder is another page: what was marked and where the list was belong to this one.
  return <Folder key={`${id} ${path.base64 ?? path.text}`} id={id} path={path} />
}

interface FolderProps {
  readonly id: string
  readonly path: FilePath
}

function Folder({ id, path }: FolderProps): JSX.Element {
  const chosen = useOrder(Object.keys(fileOrders), standardOrder)
  const rows = usePagedRows<Entry>({
    path: `snapshots/${encodeURIComponent(id)}/tree`,
    query: pathParameters(path),
    order: chosen.order,
    // In another order than that of names each row may lie in another page of the folder.
    pageSize: chosen.order.by === 'name' ? 1000 : 200,
    canJump: true,
    isFixed: true,
  })
  const selection = useSelection<Entry>((entry) => entry.name_base64 ?? `/${entry.name}`, rows)
  const [shown, setShown] = useState<Entry>()
  const open = (entry: Entry): void => {
    const inside = joinPath(path, entry)
    if (entry.kind === 'directory') goTo(['files', id], { ...pathQuery(inside), ...chosenQuery() })
    else setShown(entry)
  }
  return (
    <PageFrame title="Files" isList lead={<FilesLead id={id} />}>
      <div class="toolbar">
        <Breadcrumbs snapshotId={id} path={path} />
        <SearchField
          label="Search this snapshot"
          isOnEnter
          value=""
          onSearch={(q) => {
            if (q !== '') goTo(['search'], { q, snapshot: id })
          }}
        />
        <OrderChoice names={fileOrders} {...chosen} />
        <span class="muted number">
          {rows?.total === undefined ? '' : counted(rows.total, 'entry', 'entries')}
        </span>
      </div>
      <FileList rows={rows} selection={selection} onOpen={open} {...chosen} />
      <FileBar snapshotId={id} folder={path} selection={selection} />
      {shown !== undefined && (
        <FileDialog
          snapshotId={id}
          path={joinPath(path, shown)}
          entry={shown}
          onClose={() => setShown(undefined)}
        />
      )}
    </PageFrame>
  )
}

function FilesLead({ id }: { readonly id: string }): JSX.Element {
  const { data } = useResource(`snapshot ${id}`, (signal) =>
    requestJson<Snapshot>(`snapshots/${encodeURIComponent(id)}`, { signal }),
  )
  return (
    <>
      {data === undefined ? (
        '\u00a0'
      ) : (
        <>
          of <a href={`#/snapshots/${id}`}>{data.backup_id}</a> · {data.type} ·{' '}
          <FullTime at={data.started_at} />
        </>
      )}
    </>
  )
}
