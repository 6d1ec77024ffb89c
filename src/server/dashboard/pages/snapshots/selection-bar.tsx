import type { JSX } from 'preact'

import { requestJson } from '../../api/request.ts'
import { tryJob } from '../../api/start-job.ts'
import type { Snapshot } from '../../../api/answers.ts'
import type { Selection } from '../../list/selection.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Bytes } from '../../parts/values.tsx'
import { useResource } from '../../state/resource.ts'
import { goTo } from '../../state/route.ts'

export interface SelectionBarProps {
  readonly selection: Selection<Snapshot>
  onDelete(snapshots: readonly Snapshot[]): void
}

/** What can be done with the marked snapshots. */
export function SelectionBar({ selection, onDelete }: SelectionBarProps): JSX.Element | null {
  const { items } = selection
  const ids = items.flatMap(({ id }) => (id === null ? [] : [id]))
  const freed = useResource(ids.length === 0 ? null : `freed ${ids.join()}`, (signal) =>
    requestJson<{ freed_bytes: number }>('stats/deletion', { query: { ids: ids.join() }, signal }),
  )
  if (items.length === 0) return null
  const [older, newer] = items.toSorted(
    (a, b) => Date.parse(a.started_at ?? '') - Date.parse(b.started_at ?? ''),
  )
  const verify = async (): Promise<void> => {
    for (const snapshot of ids) await tryJob({ kind: 'verify', snapshot })
    selection.clear()
  }
  return (
    <div class="selection-bar" role="region" aria-label="Selection">
      <strong>{items.length} selected</strong>
      <span class="muted">
        deleting frees <Bytes value={freed.data?.freed_bytes} />
      </span>
      <span class="actions">
        <button
          type="button"
          class="button"
          disabled={items.length !== 2}
          title={items.length === 2 ? undefined : 'Select exactly two'}
          onClick={() => goTo(['diff'], { from: older.id ?? '', to: newer?.id ?? '' })}
        >
          <Icon name="compare" />
          Compare
        </button>
        <ActionButton icon="check" onClick={() => void verify()}>
          Verify
        </ActionButton>
        <ActionButton icon="retention" tone="bad" onClick={() => onDelete(items)}>
          Delete
        </ActionButton>
        <button type="button" class="button button-quiet" onClick={selection.clear}>
          Clear
        </button>
      </span>
    </div>
  )
}
