import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import type { Entry } from '../../../api/answers.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Bytes, FullTime, Name } from '../../parts/values.tsx'
import { hrefTo } from '../../state/address.ts'
import { visibleText } from '../../text/visible-text.ts'
import { fileAddress } from './download.ts'
import { FilePreview } from './file-preview.tsx'
import { modeText } from './file-list.tsx'
import { pathQuery, type FilePath } from './file-path.ts'
import { RestoreDialog } from './restore-dialog.tsx'

export interface FileDialogProps {
  readonly snapshotId: string
  readonly path: FilePath
  readonly entry: Pick<Entry, 'name' | 'kind' | 'size' | 'mtime' | 'link_target'> & {
    readonly mode?: number
  }
  onClose(): void
}

/** One file: what it is, a look into it, and what can be done with it. */
export function FileDialog({ snapshotId, path, entry, onClose }: FileDialogProps): JSX.Element {
  const [isRestoring, setIsRestoring] = useState(false)
  if (isRestoring) {
    return <RestoreDialog snapshotId={snapshotId} paths={[path]} onClose={onClose} />
  }
  return (
    <Dialog
      title={visibleText(entry.name)}
      size="large"
      onClose={onClose}
      foot={
        <>
          <a class="button" href={hrefTo(['history'], pathQuery(path))} onClick={onClose}>
            <Icon name="history" />
            History
          </a>
          <ActionButton icon="restore" onClick={() => setIsRestoring(true)}>
            Restore
          </ActionButton>
          {entry.kind === 'file' && (
            <a class="button button-accent" download href={fileAddress(snapshotId, path, true)}>
              <Icon name="download" />
              Download
            </a>
          )}
        </>
      }
    >
      <dl class="facts facts-row">
        <div class="facts-pair">
          <dt>Size</dt>
          <dd>
            <Bytes value={entry.size} />
          </dd>
        </div>
        <div class="facts-pair">
          <dt>Changed</dt>
          <dd>
            <FullTime at={entry.mtime} />
          </dd>
        </div>
        {entry.mode !== undefined && (
          <div class="facts-pair">
            <dt>Mode</dt>
            <dd class="mono">{modeText(entry.mode)}</dd>
          </div>
        )}
        {entry.link_target !== null && (
          <div class="facts-pair">
            <dt>Points to</dt>
            <dd>
              <Name text={entry.link_target} />
            </dd>
          </div>
        )}
      </dl>
      {entry.kind === 'file' && (
        <FilePreview snapshotId={snapshotId} path={path} name={entry.name} size={entry.size} />
      )}
    </Dialog>
  )
}
