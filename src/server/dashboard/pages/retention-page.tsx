import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

import { counted, humanCount } from '../../../foundation/human.ts'
import { requestJson } from '../api/request.ts'
import { startJob } from '../api/start-job.ts'
import type { RetentionItem, RetentionPreview } from '../../api/answers.ts'
import type { Column } from '../list/column.ts'
import { arraySource } from '../list/row-source.ts'
import { VirtualList } from '../list/virtual-list.tsx'
import { ActionButton } from '../parts/action-button.tsx'
import { Chip } from '../parts/chip.tsx'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { PageFrame } from '../parts/page.tsx'
import { Empty, Loaded } from '../parts/states.tsx'
import { Bytes } from '../parts/values.tsx'
import { useResource } from '../state/resource.ts'
import { goTo } from '../state/route.ts'
import { visibleText } from '../text/visible-text.ts'

const askAgainMs = 2000

const columns: readonly Column<RetentionItem>[] = [
  {
    name: 'Decision',
    draw: ({ keep }) => <Chip tone={keep ? 'good' : 'bad'}>{keep ? 'keep' : 'delete'}</Chip>,
  },
  { name: 'Backup', draw: (item) => item.backup_id },
  { name: 'Reasons', class: 'entry', draw: ({ reasons }) => reasons.map(visibleText).join(', ') },
]

/** What a cleanup would delete, and why each snapshot is kept or not. */
export function RetentionPage(): JSX.Element {
  const [isAsked, setIsAsked] = useState(false)
  const resource = useResource('retention', (signal) =>
    requestJson<RetentionPreview>('retention/preview', { signal }),
  )
  const { data, reload } = resource
  useEffect(() => {
    if (data?.is_computing !== true) return undefined
    const timer = setTimeout(reload, askAgainMs)
    return () => clearTimeout(timer)
  }, [data, reload])
  const removed = resource.data?.items.filter(({ keep }) => !keep).length ?? 0
  return (
    <PageFrame
      title="Retention"
      isList
      lead="What a cleanup would do now. Nothing happens before you say so."
      actions={
        <ActionButton
          icon="retention"
          tone="bad"
          isDisabled={removed === 0}
          onClick={() => setIsAsked(true)}
        >
          Clean up now
        </ActionButton>
      }
    >
      <Loaded resource={resource}>{(preview) => <PreviewContent preview={preview} />}</Loaded>
      {isAsked && (
        <ConfirmDialog
          title={`Delete ${counted(removed, 'snapshot')}?`}
          action="Clean up"
          onClose={() => setIsAsked(false)}
          run={async () => {
            const job = await startJob({ kind: 'cleanup' })
            goTo(['jobs', job.id])
          }}
        >
          <p>
            Once pruned this frees <Bytes value={resource.data?.freed_bytes} />. Until then it can
            be undeleted.
          </p>
        </ConfirmDialog>
      )}
    </PageFrame>
  )
}

function PreviewContent({
  preview: { items, freed_bytes: freed },
}: {
  preview: RetentionPreview
}): JSX.Element {
  const kept = items.filter(({ keep }) => keep).length
  if (items.length === 0) {
    return <Empty title="No backup of the configured paths">A cleanup decides on these only.</Empty>
  }
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Kept</dt>
          <dd>{humanCount(kept)}</dd>
        </div>
        <div>
          <dt>Deleted</dt>
          <dd>{humanCount(items.length - kept)}</dd>
        </div>
        <div>
          <dt>Freed</dt>
          <dd>
            <Bytes value={freed} />
          </dd>
        </div>
      </dl>
      <VirtualList
        label="Snapshots and what becomes of them"
        kind="retention"
        rows={arraySource(items)}
        rowHeight={46}
        columns={columns}
        onOpen={({ id }) => goTo(['snapshots', id])}
      />
    </>
  )
}
