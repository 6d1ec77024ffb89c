import type { ComponentChildren, JSX } from 'preact'

import { ApiError } from '../api/request.ts'
import type { Resource } from '../state/resource.ts'
import { visibleText } from '../text/visible-text.ts'
import { CodeText } from './code-text.tsx'
import { Icon } from './icon.tsx'

export function Loading({ what = 'Loading' }: { readonly what?: string }): JSX.Element {
  return (
    <div class="state" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}…
    </div>
  )
}

export function Empty(props: {
  readonly title: string
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="state" role="status">
      <strong>{props.title}</strong>
      {props.children !== undefined && <div class="muted">{props.children}</div>}
    </div>
  )
}

/** What went wrong, what to do, and the way to try again. */
export function Failure(props: { readonly error: Error; retry?(): void }): JSX.Element {
  const { error } = props
  return (
    <div class="state state-bad" role="alert">
      <strong>
        <Icon name="warning" /> {visibleText(error.message)}
      </strong>
      {error instanceof ApiError && error.remedy !== '' && (
        <div>
          <CodeText text={error.remedy} />
        </div>
      )}
      {props.retry !== undefined && (
        <button type="button" class="button" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Draws what was read, or that it is being read, or why it could not be. What is there stays while it is read again. */
export function Loaded<Data>(props: {
  readonly resource: Resource<Data>
  readonly what?: string
  children(data: Data): ComponentChildren
}): JSX.Element {
  const { data, error, reload } = props.resource
  if (data !== undefined) return <>{props.children(data)}</>
  if (error !== undefined) return <Failure error={error} retry={reload} />
  return <Loading {...(props.what !== undefined && { what: props.what })} />
}
