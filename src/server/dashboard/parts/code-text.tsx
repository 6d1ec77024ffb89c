import type { JSX } from 'preact'

import { visibleText } from '../text/visible-text.ts'

/** Text in which commands stand between backticks, as the remedies of errors have it. */
export function CodeText({ text }: { readonly text: string }): JSX.Element {
  const parts = visibleText(text).split('`')
  // Without its partner a backtick is one.
  if (parts.length % 2 === 0) return <>{parts.join('`')}</>
  return (
    <>{parts.map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</>
  )
}
