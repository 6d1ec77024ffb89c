import type { JSX } from 'preact'

import { dismissNotice, notices } from '../state/notices.ts'
import { visibleText } from '../text/visible-text.ts'
import { Icon } from './icon.tsx'

/** What has just happened, told once and in a corner. */
export function NoticeList(): JSX.Element {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, tone, text, href }) => (
        <div key={id} class={`notice notice-${tone}`}>
          <span>{visibleText(text)}</span>
          {href !== undefined && (
            <a href={href} onClick={() => dismissNotice(id)}>
              Show
            </a>
          )}
          <button
            type="button"
            class="button button-quiet"
            aria-label="Dismiss"
            onClick={() => dismissNotice(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
