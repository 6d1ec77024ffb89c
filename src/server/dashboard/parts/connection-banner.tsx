import type { JSX } from 'preact'

import { connection } from '../state/connection.ts'
import { canWrite } from '../state/session.ts'
import { Icon } from './icon.tsx'

/** What is out of the ordinary on every page: a server that is gone, a token that may only read. */
export function ConnectionBanner(): JSX.Element {
  return (
    <div role="status" aria-live="polite">
      {connection.value === 'lost' && (
        <p class="banner banner-bad">
          <Icon name="warning" /> The server does not answer. What you see may be old; connecting
          again…
        </p>
      )}
      {!canWrite() && (
        <p class="banner">
          <Icon name="eye" /> Read-only token: nothing can be changed from here.
        </p>
      )}
    </div>
  )
}
