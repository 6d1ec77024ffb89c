import { render } from 'preact'

import { findSession } from './api/sign-in.ts'
import { App } from './app.tsx'
import { followClock } from './state/now.ts'
import { followAddress } from './state/route.ts'
import { restoreTheme } from './state/theme.ts'

restoreTheme()
followAddress()
followClock()
const root = document.querySelector('#app')
if (root !== null) render(<App />, root)
void findSession()
