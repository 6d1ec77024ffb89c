import type { JSX } from 'preact'

import { activeJobs } from '../state/jobs.ts'
import { route } from '../state/route.ts'
import { isMenuOpen } from './header.tsx'
import { Icon, type IconName } from './icon.tsx'

const pages: readonly (readonly [page: string, name: string, icon: IconName])[] = [
  ['overview', 'Overview', 'overview'],
  ['snapshots', 'Snapshots', 'snapshots'],
  ['search', 'Search', 'search'],
  ['diff', 'Compare', 'compare'],
  ['jobs', 'Jobs', 'jobs'],
  ['retention', 'Retention', 'retention'],
  ['schedule', 'Schedule', 'schedule'],
  ['access', 'Access log', 'access'],
  ['report', 'Report', 'report'],
]

/** Pages that are reached from another one belong to it. */
const homeOf: Readonly<Record<string, string>> = { files: 'snapshots', history: 'search' }

export function Navigation(): JSX.Element {
  const { page } = route.value
  const current = homeOf[page] ?? page
  return (
    <nav
      id="navigation"
      class={`navigation${isMenuOpen.value ? ' is-open' : ''}`}
      aria-label="Pages"
    >
      <ul>
        {pages.map(([name, text, icon]) => (
          <li key={name}>
            <a
              href={`#/${name}`}
              aria-current={name === current ? 'page' : undefined}
              onClick={() => (isMenuOpen.value = false)}
            >
              <Icon name={icon} />
              {text}
              {name === 'jobs' && activeJobs.value.length > 0 && (
                <span class="badge">{activeJobs.value.length}</span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
