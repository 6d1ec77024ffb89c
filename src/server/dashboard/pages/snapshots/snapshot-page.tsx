import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { requestJson } from '../../api/request.ts'
import { tryJob } from '../../api/start-job.ts'
import type { Snapshot } from '../../../api/answers.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import { PageFrame } from '../../parts/page.tsx'
import { Loaded } from '../../parts/states.tsx'
import { useResource } from '../../state/resource.ts'
import { hrefTo } from '../../state/address.ts'
import { goTo } from '../../state/route.ts'
import { RestoreDialog } from '../files/restore-dialog.tsx'
import { DeleteDialog } from './delete-dialog.tsx'
import { SnapshotFacts } from './snapshot-facts.tsx'

export function SnapshotPage({ id }: { readonly id: string }): JSX.Element {
  const resource = useResource(`snapshot ${id}`, (signal) =>
    requestJson<Snapshot>(`snapshots/${encodeURIComponent(id)}`, { signal }),
  )
  return (
    <PageFrame
      title={resource.data?.backup_id ?? 'Snapshot'}
      lead={<a href="#/snapshots">All snapshots</a>}
      actions={resource.data !== undefined && <SnapshotActions snapshot={resource.data} />}
    >
      <Loaded resource={resource}>{(snapshot) => <SnapshotFacts snapshot={snapshot} />}</Loaded>
    </PageFrame>
  )
}

function SnapshotActions({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element | null {
  const [dialog, setDialog] = useState<'restore' | 'delete'>()
  const { id } = snapshot
  if (id === null) return null
  const close = (): void => setDialog(undefined)
  return (
    <>
      <a class="button button-accent" href={hrefTo(['files', id])}>
        <Icon name="folder" />
        Browse files
      </a>
      <ActionButton icon="restore" onClick={() => setDialog('restore')}>
        Restore
      </ActionButton>
      <ActionButton icon="check" onClick={() => void tryJob({ kind: 'verify', snapshot: id })}>
        Verify
      </ActionButton>
      <ActionButton icon="download" onClick={() => void tryJob({ kind: 'export', snapshot: id })}>
        Export
      </ActionButton>
      <ActionButton icon="retention" tone="bad" onClick={() => setDialog('delete')}>
        Delete
      </ActionButton>
      {dialog === 'restore' && <RestoreDialog snapshotId={id} paths={[]} onClose={close} />}
      {dialog === 'delete' && (
        <DeleteDialog
          snapshots={[snapshot]}
          onClose={close}
          onDeleted={() => goTo(['snapshots'])}
        />
      )}
    </>
  )
}
