import type { JSX } from 'preact'

import { humanCount } from '../../../foundation/human.ts'
import type { Found } from '../../api/answers.ts'
import type { Column } from '../list/column.ts'
import { PagedList } from '../list/paged-list.tsx'
import { usePagedRows } from '../list/use-paged-rows.ts'
import { Choice } from '../parts/choice.tsx'
import { Icon } from '../parts/icon.tsx'
import { PageFrame } from '../parts/page.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Empty } from '../parts/states.tsx'
import { Bytes, FullTime, PathName } from '../parts/values.tsx'
import { hrefTo } from '../state/address.ts'
import { goTo, replaceQuery, route } from '../state/route.ts'
import { iconOfKind } from './files/file-list.tsx'
import { parentOf, pathQuery, type FilePath } from './files/file-path.ts'

/** Files by name, over one snapshot or all of them. */
export function SearchPage(): JSX.Element {
  const { query } = route.value
  const [text, snapshot, kind] = ['q', 'snapshot', 'kind'].map((name) => query.get(name) ?? '')
  return (
    <PageFrame
      title="Search"
      isList
      lead={
        snapshot === '' ? (
          'Over all snapshots. * stands for anything.'
        ) : (
          <>
            Over one snapshot.{' '}
            <a href={hrefTo(['search'], { q: text, kind })}>Search all snapshots</a>
          </>
        )
      }
    >
      <div class="toolbar">
        <SearchField
          label="Name or pattern, such as *.json"
          value={text}
          onSearch={(q) => replaceQuery({ q })}
        />
        <Choice
          label="Kind"
          value={kind}
          options={[
            ['', 'Everything'],
            ['file', 'Files'],
            ['directory', 'Folders'],
            ['symlink', 'Links'],
          ]}
          onChange={(chosen) => replaceQuery({ kind: chosen })}
        />
      </div>
      {text === '' ? (
        <Empty title="What are you looking for?">
          A part of a name, or a pattern with * and ?.
        </Empty>
      ) : (
        <Results query={{ q: text, snapshot, kind }} />
      )}
    </PageFrame>
  )
}

function Results({ query }: { readonly query: Readonly<Record<string, string>> }): JSX.Element {
  const rows = usePagedRows<Found>({ path: 'search', query, pageSize: 200 })
  return (
    <PagedList
      label="Results"
      kind="found"
      emptyTitle="Nothing found"
      emptyText="Try a shorter part of the name."
      rows={rows}
      columns={columns}
      onOpen={(found) => goTo(['history'], pathQuery(pathOf(found)))}
    />
  )
}

function pathOf({ path, path_base64: base64 }: Found): FilePath {
  return { text: path, base64: base64 ?? null }
}

const columns: readonly Column<Found>[] = [
  {
    name: 'Path',
    class: 'entry',
    classOf: ({ kind }) => `entry-${kind}`,
    draw: ({ kind, path }) => (
      <>
        <Icon name={iconOfKind[kind]} />
        <span class="unseen">{kind} </span>
        <PathName text={path} />
      </>
    ),
  },
  { name: 'Size', class: 'number', draw: ({ size }) => <Bytes value={size} /> },
  { name: 'Changed', class: 'wide', draw: ({ mtime }) => <FullTime at={mtime} /> },
  { name: 'Snapshots', class: 'number wide', draw: ({ snapshots }) => humanCount(snapshots) },
  { name: 'Folder', isNameUnseen: true, class: 'row-actions', draw: drawFolderLink },
]

function drawFolderLink(found: Found): JSX.Element | null {
  const [newest] = found.snapshot_ids
  if (newest === undefined) return null
  const path = pathOf(found)
  const folder = found.kind === 'directory' ? path : parentOf(path)
  return (
    <a tabIndex={-1} href={hrefTo(['files', newest], pathQuery(folder))}>
      Open
    </a>
  )
}
