import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'

import { followEvents } from './api/follow-events.ts'
import { LoginPage } from './pages/login-page.tsx'
import { PageOfRoute } from './page-of-route.tsx'
import { ConnectionBanner } from './parts/connection-banner.tsx'
import { GlobalDialogs } from './parts/global-dialogs.tsx'
import { Header } from './parts/header.tsx'
import { Navigation } from './parts/navigation.tsx'
import { NoticeList } from './parts/notice-list.tsx'
import { Loading } from './parts/states.tsx'
import { sessionState } from './state/session.ts'
import { useShortcuts } from './state/shortcuts.ts'

export function App(): JSX.Element {
  const state = sessionState.value
  if (state.is === 'unknown') return <Loading />
  return state.is === 'closed' ? <LoginPage message={state.message} /> : <Shell />
}

function Shell(): JSX.Element {
  useShortcuts()
  useEffect(() => {
    const abort = new AbortController()
    void followEvents(abort.signal)
    return () => abort.abort()
  }, [])
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The address is the page's; only the focus moves.
          event.preventDefault()
          document.querySelector<HTMLElement>('#main')?.focus()
        }}
      >
        Skip to the content
      </a>
      <Header />
      <Navigation />
      <main id="main" class="main" tabIndex={-1}>
        <ConnectionBanner />
        <PageOfRoute />
      </main>
      <NoticeList />
      <GlobalDialogs />
    </div>
  )
}
