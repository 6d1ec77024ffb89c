import { useEffect } from 'preact/hooks'

import { openDialog } from './dialogs.ts'
import { goTo } from './route.ts'

/** Pages by the key that follows `g`. */
const pageOfKey: Readonly<Record<string, string>> = {
  o: 'overview',
  s: 'snapshots',
  j: 'jobs',
  d: 'diff',
}

/** Keys that work on every page, except where somebody types and while a dialog is open. */
export function useShortcuts(): void {
  useEffect(() => {
    let isAfterG = false
    const take = (event: KeyboardEvent): void => {
      const isModified = event.ctrlKey || event.altKey || event.metaKey
      if (isModified || isTyping(event.target) || document.querySelector('dialog[open]')) return
      const page = isAfterG ? pageOfKey[event.key] : undefined
      isAfterG = event.key === 'g'
      if (page !== undefined) goTo([page])
      else if (event.key === '?') openDialog.value = 'help'
      else if (event.key === '/') focusSearch()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', take)
    return () => removeEventListener('keydown', take)
  }, [])
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('[data-main-search]')?.focus()
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input:not([type=checkbox]), select, textarea')
}
