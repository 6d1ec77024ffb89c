import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { route } from '../state/route.ts'

export interface PageProps {
  readonly title: string
  /** What stands beside the title. */
  readonly actions?: ComponentChildren
  /** One line below it. */
  readonly lead?: ComponentChildren
  /** A page that is one long list: the list scrolls and not the page. */
  readonly isList?: boolean
  readonly children: ComponentChildren
}

/** True once the first page was drawn: only later ones take the focus. */
let hasDrawn = false

export function PageFrame(props: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  const { page, rest } = route.value
  useEffect(() => {
    document.title = `${props.title} – Holdfast`
  }, [props.title])
  useEffect(() => {
    // A screen reader says where it is now; filters that are typed leave the focus where it is.
    if (hasDrawn && !isTyping()) heading.current?.focus({ preventScroll: true })
    hasDrawn = true
  }, [page, rest.join('/')])
  return (
    <div class={`page${props.isList === true ? ' page-list' : ''}`}>
      <header class="page-head">
        <div class="page-title">
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.lead !== undefined && <p class="muted">{props.lead}</p>}
        </div>
        {props.actions !== undefined && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  )
}

function isTyping(): boolean {
  return document.activeElement?.matches('input, select, textarea') === true
}

export function Card(props: {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly class?: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class={`card ${props.class ?? ''}`} aria-label={props.title}>
      <header class="card-head">
        <h2>{props.title}</h2>
        {props.aside !== undefined && <div class="muted">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  )
}
