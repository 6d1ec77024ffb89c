import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import type { Version } from '../../api/answers.ts'
import type { Column } from '../list/column.ts'
import { PagedList } from '../list/paged-list.tsx'
import { usePagedRows } from '../list/use-paged-rows.ts'
import { Chip } from '../parts/chip.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { Bytes, FullTime, Name } from '../parts/values.tsx'
import { hrefTo } from '../state/address.ts'
import { route } from '../state/route.ts'
import { byteText } from '../text/number-text.ts'
import { FileDialog } from './files/file-dialog.tsx'
import {
  lastName,
  parentOf,
  pathParameters,
  pathQuery,
  readPath,
  type FilePath,
} from './files/file-path.ts'

/** The versions of one file: one for each content that it has had. */
export function HistoryPage(): JSX.Element {
  const path = readPath(route.value.query)
  return (
    <PageFrame title="History" isList lead={<Name text={path.text} />}>
      {path.text === '/' ? (
        <Empty title="History of which file?">
          <a href="#/search">Search for it</a>, or open it in a snapshot.
        </Empty>
      ) : (
        <Versions path={path} />
      )}
    </PageFrame>
  )
}

function Versions({ path }: { readonly path: FilePath }): JSX.Element {
  const rows = usePagedRows<Version>({ path: 'history', query: pathParameters(path) })
  const [shown, setShown] = useState<Version>()
  return (
    <>
      <PagedList
        label="Versions, newest first"
        kind="versions"
        emptyTitle="No snapshot holds this file"
        rows={rows}
        rowHeight={44}
        columns={columnsOf(path, (index) => rows?.get(index + 1))}
        onOpen={(version) => setShown(version)}
      />
      {shown !== undefined && (
        <FileDialog
          snapshotId={shown.snapshot_id}
          path={versionPath(shown, path)}
          entry={{
            name: lastName(versionPath(shown, path)),
            kind: 'file',
            size: shown.size,
            mtime: shown.mtime,
            link_target: null,
          }}
          onClose={() => setShown(undefined)}
        />
      )}
    </>
  )
}

/** A file that was renamed lay elsewhere in an older snapshot. */
function versionPath(version: Version, asked: FilePath): FilePath {
  return version.path === asked.text ? asked : { text: version.path, base64: version.path_base64 }
}

function columnsOf(
  asked: FilePath,
  versionBefore: (index: number) => Version | undefined,
): readonly Column<Version>[] {
  return [
    {
      name: 'In the snapshot of',
      draw: ({ at, is_rename: isRename, path }) => (
        <>
          <FullTime at={at} />{' '}
          {isRename && (
            <Chip tone="accent" title={path}>
              renamed
            </Chip>
          )}{' '}
          {path !== asked.text && <Name text={path} />}
        </>
      ),
    },
    { name: 'Size', class: 'number', draw: ({ size }) => <Bytes value={size} /> },
    {
      name: 'Change',
      class: 'number wide muted',
      draw: (version, index) => growthText(version, versionBefore(index)),
    },
    { name: 'Changed', class: 'wide', draw: ({ mtime }) => <FullTime at={mtime} /> },
    {
      name: 'Folder',
      isNameUnseen: true,
      class: 'row-actions',
      draw: (version) => (
        <a
          tabIndex={-1}
          href={hrefTo(
            ['files', version.snapshot_id],
            pathQuery(parentOf(versionPath(version, asked))),
          )}
        >
          Folder
        </a>
      ),
    },
  ]
}

function growthText({ size }: Version, before: Version | undefined): string {
  if (before === undefined) return 'first'
  const growth = size - before.size
  if (growth === 0) return '±0'
  return `${growth > 0 ? '+' : ''}${byteText(growth)}`
}
