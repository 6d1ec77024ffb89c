import { signal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'

import { counted } from '../../../foundation/human.ts'
import { signOut } from '../api/sign-in.ts'
import { openDialog } from '../state/dialogs.ts'
import { activeJobs } from '../state/jobs.ts'
import { goTo, replaceQuery, route } from '../state/route.ts'
import { sessionState } from '../state/session.ts'
import { chooseTheme, theme, themes } from '../state/theme.ts'
import { Icon } from './icon.tsx'
import { Logo } from './logo.tsx'
import { SearchField } from './search-field.tsx'

/** Whether the narrow window's menu is open. */
export const isMenuOpen: Signal<boolean> = signal(false)

export function Header(): JSX.Element {
  const { page, query } = route.value
  return (
    <header class="header">
      <button
        type="button"
        class="button button-quiet menu-button"
        aria-label="Menu"
        aria-expanded={isMenuOpen.value}
        aria-controls="navigation"
        onClick={() => (isMenuOpen.value = !isMenuOpen.value)}
      >
        <Icon name="menu" />
      </button>
      <a class="brand" href="#/overview">
        <Logo />
        <span>Holdfast</span>
      </a>
      <div class="header-search" role="search">
        <SearchField
          label="Search all snapshots"
          isMain
          value={page === 'search' && query.get('snapshot') === null ? (query.get('q') ?? '') : ''}
          onSearch={(q) => {
            // One step back leads to where the search began, not through what was typed.
            if (page === 'search') replaceQuery({ q, snapshot: undefined })
            else if (q !== '') goTo(['search'], { q })
          }}
        />
      </div>
      <RunningJobs />
      <ThemeButton />
      <button
        type="button"
        class="button button-quiet wide"
        aria-label="Help"
        title="Help (?)"
        onClick={() => (openDialog.value = 'help')}
      >
        <Icon name="help" />
      </button>
      <SignOutButton />
    </header>
  )
}

function RunningJobs(): JSX.Element | null {
  const count = activeJobs.value.length
  if (count === 0) return null
  return (
    <a class="button button-quiet running" href="#/jobs">
      <span class="spinner" aria-hidden="true" />
      {counted(count, 'job')}
    </a>
  )
}

function ThemeButton(): JSX.Element {
  const next = themes[(themes.indexOf(theme.value) + 1) % themes.length]
  return (
    <button
      type="button"
      class="button button-quiet"
      aria-label={`Colours: ${theme.value}. Change to ${next}`}
      title={`Colours: ${theme.value}`}
      onClick={() => chooseTheme(next)}
    >
      <Icon name={theme.value} />
    </button>
  )
}

function SignOutButton(): JSX.Element {
  const state = sessionState.value
  const name = state.is === 'open' ? state.session.name : ''
  return (
    <button
      type="button"
      class="button button-quiet"
      aria-label="Sign out"
      title={`Sign out ${name}`}
      onClick={() => void signOut()}
    >
      <Icon name="leave" />
    </button>
  )
}
