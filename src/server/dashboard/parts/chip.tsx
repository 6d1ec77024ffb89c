import type { ComponentChildren, JSX } from 'preact'

export type Tone = 'good' | 'warn' | 'bad' | 'plain' | 'accent'

export function Chip(props: {
  readonly tone: Tone
  readonly children: ComponentChildren
  readonly title?: string
}): JSX.Element {
  return (
    <span class={`chip chip-${props.tone}`} title={props.title}>
      {props.children}
    </span>
  )
}

const toneOfStatus: Readonly<Record<string, Tone>> = {
  verified: 'good',
  created: 'plain',
  failed: 'bad',
  expired: 'warn',
  forgotten: 'warn',
  queued: 'plain',
  running: 'accent',
  done: 'good',
  cancelled: 'warn',
  ok: 'good',
  success: 'good',
  partial: 'warn',
  refused: 'warn',
  damaged: 'bad',
}

/** A state in one word, with a colour that says the same. */
export function StatusChip({ status }: { readonly status: string }): JSX.Element {
  return <Chip tone={toneOfStatus[status] ?? 'plain'}>{status}</Chip>
}
