import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { humanTime } from '../../../../foundation/human.ts'
import { requestJson } from '../../api/request.ts'
import type { Change, ChangeSummary, Page, Snapshot } from '../../../api/answers.ts'
import type { Column } from '../../list/column.ts'
import { PagedList } from '../../list/paged-list.tsx'
import { usePagedRows } from '../../list/use-paged-rows.ts'
import { Chip } from '../../parts/chip.tsx'
import { Choice } from '../../parts/choice.tsx'
import { Icon } from '../../parts/icon.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Empty } from '../../parts/states.tsx'
import { Bytes, Name, PathName } from '../../parts/values.tsx'
import { useResource } from '../../state/resource.ts'
import { goTo, replaceQuery, route } from '../../state/route.ts'
import { visibleText } from '../../text/visible-text.ts'
import { pathQuery } from '../files/file-path.ts'
import { ChangeFilter, toneOfChange } from './change-filter.tsx'

/** What changed between two snapshots. */
export function DiffPage(): JSX.Element {
  const { query } = route.value
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? '']
  return (
    <PageFrame title="Compare" isList lead="What changed from one snapshot to another.">
      <SnapshotChoices from={from} to={to} />
      {from === '' || to === '' ? (
        <Empty title="Choose two snapshots">The older one first.</Empty>
      ) : (
        <Changes key={`${from} ${to}`} from={from} to={to} />
      )}
    </PageFrame>
  )
}

interface Pair {
  readonly from: string
  readonly to: string
}

function SnapshotChoices({ from, to }: Pair): JSX.Element {
  const { data } = useResource('snapshots to choose', (signal) =>
    requestJson<Page<Snapshot>>('snapshots', { query: { limit: 1000 }, signal }),
  )
  const known = (data?.items ?? []).flatMap(({ id, started_at: at, type, description }) =>
    id === null
      ? []
      : [
          [
            id,
            visibleText(
              `${humanTime(Date.parse(at ?? ''))} · ${type}${description === '' ? '' : ` · ${description}`}`,
            ),
          ] as const,
        ],
  )
  const optionsFor = (chosen: string): (readonly [string, string])[] => [
    ['', 'Choose a snapshot'],
    // One that was linked to may be beyond those listed.
    ...(chosen === '' || known.some(([id]) => id === chosen) ? [] : [[chosen, chosen] as const]),
    ...known,
  ]
  return (
    <div class="toolbar">
      <Choice
        label="From"
        value={from}
        options={optionsFor(from)}
        onChange={(id) => goTo(['diff'], { from: id, to })}
      />
      <span aria-hidden="true" class="muted">
        →
      </span>
      <Choice
        label="To"
        value={to}
        options={optionsFor(to)}
        onChange={(id) => goTo(['diff'], { from, to: id })}
      />
      <button
        type="button"
        class="button button-quiet"
        disabled={from === '' && to === ''}
        onClick={() => replaceQuery({ from: to, to: from })}
      >
        <Icon name="compare" />
        Swap
      </button>
    </div>
  )
}

function Changes({ from, to }: Pair): JSX.Element {
  const { query } = route.value
  const [kinds, text] = ['change', 'q'].map((name) => query.get(name) ?? '')
  const isFiltered = kinds + text !== ''
  const [summary, setSummary] = useState<ChangeSummary>()
  const rows = usePagedRows<Change>({
    path: 'diff',
    query: { from, to, change: kinds, q: text },
    isFixed: true,
    onPage(page) {
      const { summary: answered } = page as Page<unknown> & { readonly summary?: ChangeSummary }
      if (answered !== undefined) setSummary(answered)
    },
  })
  return (
    <>
      {summary !== undefined && <ChangeFilter summary={summary} chosen={kinds} text={text} />}
      <PagedList
        label="Changes"
        kind="changes"
        emptyTitle={isFiltered ? 'No change matches' : 'Nothing changed'}
        emptyText={isFiltered ? 'Change or clear the filter.' : 'The two hold the same files.'}
        rows={rows}
        columns={columns}
        onOpen={({ path, path_base64: base64 }) =>
          goTo(['history'], pathQuery({ text: path, base64 }))
        }
      />
    </>
  )
}

const columns: readonly Column<Change>[] = [
  { name: 'Change', draw: ({ change }) => <Chip tone={toneOfChange[change]}>{change}</Chip> },
  {
    name: 'Path',
    class: 'entry',
    draw: ({ path, old_path: oldPath }) => (
      <>
        <PathName text={path} />
        {oldPath !== null && oldPath !== path && (
          <span class="muted">
            {' '}
            ← <Name text={oldPath} />
          </span>
        )}
      </>
    ),
  },
  { name: 'Before', class: 'number wide', draw: (item) => <Bytes value={item.old_size} /> },
  { name: 'After', class: 'number', draw: (item) => <Bytes value={item.new_size} /> },
]
