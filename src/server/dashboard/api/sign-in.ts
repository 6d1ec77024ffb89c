import { notifyFailure } from '../state/notices.ts'
import { endSession, openSession } from '../state/session.ts'
import { clearResources } from '../state/resource.ts'
import { ApiError, requestJson } from './request.ts'
import type { Session } from '../../api/answers.ts'

/** Looks whether this browser has a session already. */
export async function findSession(): Promise<void> {
  try {
    openSession(await requestJson<Session>('session'))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    endSession(error.status === 401 ? '' : error.message)
  }
}

/**
 * The token goes to the server once and is not kept: what stays is a cookie that no script can read.
 *
 * @throws ApiError
 */
export async function signIn(token: string): Promise<void> {
  openSession(await requestJson<Session>('session', { method: 'POST', body: { token } }))
}

export async function signOut(): Promise<void> {
  try {
    await requestJson('session', { method: 'DELETE' })
    clearResources()
    endSession('')
  } catch (error) {
    // The session may still be open then, and it would be wrong to look as if it were not.
    notifyFailure(error)
  }
}
