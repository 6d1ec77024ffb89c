import type { JSX } from 'preact'

import { counted } from '../../../../foundation/human.ts'
import { requestJson } from '../../api/request.ts'
import type { Snapshot } from '../../../api/answers.ts'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import { Bytes, FullTime } from '../../parts/values.tsx'
import { notify } from '../../state/notices.ts'
import { noteChange, useResource } from '../../state/resource.ts'
import { hrefTo } from '../../state/address.ts'

export interface DeleteDialogProps {
  readonly snapshots: readonly Snapshot[]
  onClose(): void
  onDeleted(): void
}

export function DeleteDialog(props: DeleteDialogProps): JSX.Element {
  const { snapshots, onClose, onDeleted } = props
  const ids = snapshots.flatMap(({ id }) => (id === null ? [] : [id]))
  const freed = useResource(`freed ${ids.join()}`, (signal) =>
    requestJson<{ freed_bytes: number }>('stats/deletion', { query: { ids: ids.join() }, signal }),
  )
  const run = async (): Promise<void> => {
    try {
      for (const id of ids) await requestJson(`snapshots/${id}`, { method: 'DELETE' })
      // Before all is read anew: the page of a snapshot would ask for what is gone.
      onDeleted()
    } finally {
      noteChange()
    }
    notify('good', `${counted(ids.length, 'snapshot')} deleted`, hrefTo(['snapshots', 'forgotten']))
  }
  return (
    <ConfirmDialog
      title={`Delete ${counted(ids.length, 'snapshot')}?`}
      action="Delete"
      onClose={onClose}
      run={run}
    >
      <ul class="plain-list short-list">
        {snapshots.map(({ backup_id: id, started_at: at, type }) => (
          <li key={id}>
            <FullTime at={at} /> <span class="muted">{type}</span>
          </li>
        ))}
      </ul>
      <p>
        Once pruned this frees <Bytes value={freed.data?.freed_bytes} />. Until then it can be
        undeleted.
      </p>
    </ConfirmDialog>
  )
}
