import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import type { Entry } from '../../../api/answers.ts'
import type { Selection } from '../../list/selection.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Bytes } from '../../parts/values.tsx'
import { downloadArchive, fileAddress } from './download.ts'
import { joinPath, type FilePath } from './file-path.ts'
import { RestoreDialog } from './restore-dialog.tsx'

export interface FileBarProps {
  readonly snapshotId: string
  readonly folder: FilePath
  readonly selection: Selection<Entry>
}

/** What can be done with the marked files; with none marked, with the folder. */
export function FileBar({ snapshotId, folder, selection }: FileBarProps): JSX.Element {
  const [isRestoring, setIsRestoring] = useState(false)
  const [isPacking, setIsPacking] = useState(false)
  const { items } = selection
  const paths = items.length === 0 ? [folder] : items.map((entry) => joinPath(folder, entry))
  const single = items.length === 1 && items[0].kind === 'file' ? paths[0] : undefined
  const pack = async (): Promise<void> => {
    setIsPacking(true)
    await downloadArchive(snapshotId, paths)
    setIsPacking(false)
  }
  return (
    <div class="selection-bar" role="region" aria-label="Selection">
      {items.length === 0 ? (
        <span class="muted">This folder, or select files</span>
      ) : (
        <strong>
          {items.length} selected{' '}
          <span class="muted">
            <Bytes
              value={items.reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0)}
            />
          </span>
        </strong>
      )}
      <span class="actions">
        {single === undefined ? (
          <button type="button" class="button" disabled={isPacking} onClick={() => void pack()}>
            <Icon name="download" />
            {isPacking ? 'Packing…' : 'Download .tar.gz'}
          </button>
        ) : (
          <a class="button" download href={fileAddress(snapshotId, single, true)}>
            <Icon name="download" />
            Download
          </a>
        )}
        <ActionButton icon="restore" tone="accent" onClick={() => setIsRestoring(true)}>
          Restore
        </ActionButton>
        {items.length > 0 && (
          <button type="button" class="button button-quiet" onClick={selection.clear}>
            Clear
          </button>
        )}
      </span>
      {isRestoring && (
        <RestoreDialog
          snapshotId={snapshotId}
          paths={folder.text === '/' && items.length === 0 ? [] : paths}
          onClose={() => setIsRestoring(false)}
        />
      )}
    </div>
  )
}
