import type { JSX } from 'preact'

/** An anchor: it holds fast. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M16 9.5v16M11 13h10M7.5 18c.6 4.6 3.9 7.5 8.5 7.5s7.9-2.9 8.5-7.5" />
      <circle cx="16" cy="7.5" r="2.3" />
    </svg>
  )
}
