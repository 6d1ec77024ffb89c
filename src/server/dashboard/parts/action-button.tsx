import type { ComponentChildren, JSX } from 'preact'

import { canWrite } from '../state/session.ts'
import { Icon, type IconName } from './icon.tsx'

export interface ActionButtonProps {
  readonly icon?: IconName
  readonly tone?: 'plain' | 'accent' | 'bad'
  readonly isDisabled?: boolean
  readonly children: ComponentChildren
  onClick(): void
}

/** A button for what changes something: not there with a token that may only read. */
export function ActionButton(props: ActionButtonProps): JSX.Element | null {
  if (!canWrite()) return null
  return (
    <button
      type="button"
      class={`button button-${props.tone ?? 'plain'}`}
      disabled={props.isDisabled === true}
      onClick={props.onClick}
    >
      {props.icon !== undefined && <Icon name={props.icon} />}
      {props.children}
    </button>
  )
}
