import { signal, type Signal } from '@preact/signals'

import type { Session } from '../../api/answers.ts'

/** Whether this browser may talk to the server. */
export type SessionState =
  | { readonly is: 'unknown' }
  | { readonly is: 'closed'; readonly message: string }
  | { readonly is: 'open'; readonly session: Session }

export const sessionState: Signal<SessionState> = signal<SessionState>({ is: 'unknown' })

export function openSession(session: Session): void {
  sessionState.value = { is: 'open', session }
}

/** @param message what the sign-in page says; empty when the person went by choice */
export function endSession(message: string): void {
  sessionState.value = { is: 'closed', message }
}

/** False with a read-only token. */
export function canWrite(): boolean {
  const state = sessionState.value
  return state.is === 'open' && state.session.can_write
}
