import type { JSX } from 'preact'

import { humanTime } from '../../../foundation/human.ts'
import { now } from '../state/now.ts'
import { byteText, exactByteText } from '../text/number-text.ts'
import { relativeTimeText } from '../text/time-text.ts'
import { visibleText } from '../text/visible-text.ts'

/** A size as people read it; the exact one when asked. */
export function Bytes({ value }: { readonly value: number | null | undefined }): JSX.Element {
  if (value === null || value === undefined) return <span class="muted">–</span>
  return (
    <span class="number" title={exactByteText(value)}>
      {byteText(value)}
    </span>
  )
}

/** How long ago; the exact time when asked. */
export function Time(props: {
  readonly at: string | number | null | undefined
  readonly never?: string
}): JSX.Element {
  const { at, never = 'never' } = props
  const atMs = typeof at === 'number' ? at * 1000 : Date.parse(at ?? '')
  if (Number.isNaN(atMs)) return <span class="muted">{never}</span>
  return (
    <time dateTime={new Date(atMs).toISOString()} title={humanTime(atMs)}>
      {relativeTimeText(atMs, Math.max(now.value, Date.now()))}
    </time>
  )
}

/** Both, where there is room. */
export function FullTime({ at }: { readonly at: string | null | undefined }): JSX.Element {
  const atMs = Date.parse(at ?? '')
  if (Number.isNaN(atMs)) return <span class="muted">–</span>
  return (
    <time dateTime={new Date(atMs).toISOString()} title={relativeTimeText(atMs, now.value)}>
      {humanTime(atMs)}
    </time>
  )
}

/** Text out of the repository: isolated, so that its writing direction stays its own, and nothing in it unseen. */
export function Name({ text }: { readonly text: string }): JSX.Element {
  const visible = visibleText(text)
  return (
    <bdi class="name" title={visible}>
      {visible}
    </bdi>
  )
}

/** A path with its last name first, which is what is looked for and what a narrow window has room for. */
export function PathName({ text }: { readonly text: string }): JSX.Element {
  const visible = visibleText(text)
  const slash = visible.lastIndexOf('/')
  const folder = slash <= 0 ? '' : visible.slice(0, slash)
  return (
    <span class="path" title={visible}>
      <bdi class="name">{slash === -1 ? visible : visible.slice(slash + 1)}</bdi>{' '}
      <bdi class="muted">{folder}</bdi>
    </span>
  )
}
