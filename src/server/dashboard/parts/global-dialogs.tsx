import type { JSX } from 'preact'

import { BackupDialog } from '../pages/jobs/backup-dialog.tsx'
import { closeDialog, openDialog } from '../state/dialogs.ts'
import { HelpDialog } from './help-dialog.tsx'

export function GlobalDialogs(): JSX.Element | null {
  if (openDialog.value === null) return null
  return openDialog.value === 'backup' ? (
    <BackupDialog onClose={closeDialog} />
  ) : (
    <HelpDialog onClose={closeDialog} />
  )
}
