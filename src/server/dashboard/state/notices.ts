import { signal, type Signal } from '@preact/signals'

export interface Notice {
  readonly id: number
  readonly tone: 'good' | 'bad' | 'plain'
  readonly text: string
  /** Address of what it is about. */
  readonly href?: string
}

export const notices: Signal<readonly Notice[]> = signal<readonly Notice[]>([])

let lastId = 0

export function notify(tone: Notice['tone'], text: string, href?: string): void {
  const id = ++lastId
  notices.value = [
    ...notices.value.slice(-3),
    { id, tone, text, ...(href !== undefined && { href }) },
  ]
  // A failure stays until it is closed.
  if (tone !== 'bad') setTimeout(() => dismissNotice(id), 8000)
}

export function dismissNotice(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

export function notifyFailure(error: unknown): void {
  notify('bad', error instanceof Error ? error.message : String(error))
}
