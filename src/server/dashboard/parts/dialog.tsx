import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

import { Icon } from './icon.tsx'

export interface DialogProps {
  readonly title: string
  readonly size?: 'small' | 'large'
  readonly children: ComponentChildren
  /** Buttons. */
  readonly foot?: ComponentChildren
  onClose(): void
}

/** The browser's own dialog keeps the focus inside, closes on Escape, and gives the focus back. */
export function Dialog(props: DialogProps): JSX.Element {
  const element = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const before = document.activeElement
    element.current?.showModal()
    // Else it is the button that closes.
    element.current?.querySelector<HTMLElement>('.dialog-content :is(input, select)')?.focus()
    return () => {
      element.current?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={element}
      class={`dialog dialog-${props.size ?? 'small'}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        props.onClose()
      }}
      onMouseDown={(event) => {
        // Outside of it, on the backdrop, which belongs to it.
        if (event.target === element.current) props.onClose()
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={titleId}>{props.title}</h2>
          <button
            type="button"
            class="button button-quiet"
            aria-label="Close"
            onClick={props.onClose}
          >
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-content">{props.children}</div>
        {props.foot !== undefined && <footer class="dialog-foot">{props.foot}</footer>}
      </div>
    </dialog>
  )
}
