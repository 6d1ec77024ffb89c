import { signal, type Signal } from '@preact/signals'

/** Dialogs that can be opened from any page. */
export const openDialog: Signal<'backup' | 'help' | null> = signal<'backup' | 'help' | null>(null)

export function startBackupDialog(): void {
  openDialog.value = 'backup'
}

export function closeDialog(): void {
  openDialog.value = null
}
