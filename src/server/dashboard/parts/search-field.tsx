import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

export interface SearchFieldProps {
  readonly label: string
  readonly value: string
  /** Called a moment after the last key, or, where it leads to another page, on Enter. */
  onSearch(text: string): void
  readonly isOnEnter?: boolean
  /** The one that `/` goes to. */
  readonly isMain?: boolean
}

const delayMs = 200

export function SearchField(props: SearchFieldProps): JSX.Element {
  const [text, setText] = useState(props.value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    // Whoever is typing is ahead of the address.
    if (document.activeElement !== field.current) setText(props.value)
  }, [props.value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const search = (next: string, afterMs: number): void => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => props.onSearch(next), afterMs)
  }
  return (
    <input
      ref={field}
      type="search"
      class="input input-search"
      placeholder={props.label}
      aria-label={props.label}
      data-main-search={props.isMain === true ? '' : undefined}
      autoComplete="off"
      spellcheck={false}
      value={text}
      onInput={(event) => {
        setText(event.currentTarget.value)
        if (props.isOnEnter !== true) search(event.currentTarget.value, delayMs)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') search(text, 0)
      }}
    />
  )
}
