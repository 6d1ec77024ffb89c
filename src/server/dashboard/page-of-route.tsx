import type { JSX } from 'preact'

import { AccessPage } from './pages/access-page.tsx'
import { DiffPage } from './pages/diff/diff-page.tsx'
import { FilesPage } from './pages/files/files-page.tsx'
import { HistoryPage } from './pages/history-page.tsx'
import { JobsPage } from './pages/jobs/jobs-page.tsx'
import { OverviewPage } from './pages/overview/overview-page.tsx'
import { ReportPage } from './pages/report-page.tsx'
import { RetentionPage } from './pages/retention-page.tsx'
import { SchedulePage } from './pages/schedule-page.tsx'
import { SearchPage } from './pages/search-page.tsx'
import { SnapshotsPage } from './pages/snapshots/snapshots-page.tsx'
import { PageFrame } from './parts/page.tsx'
import { Empty } from './parts/states.tsx'
import { route } from './state/route.ts'

export function PageOfRoute(): JSX.Element {
  const { page, rest } = route.value
  const [id] = rest
  switch (page) {
    case 'overview':
      return <OverviewPage />
    case 'snapshots':
      return <SnapshotsPage id={id} />
    case 'files':
      return id === undefined ? <SnapshotsPage id={undefined} /> : <FilesPage id={id} />
    case 'search':
      return <SearchPage />
    case 'history':
      return <HistoryPage />
    case 'diff':
      return <DiffPage />
    case 'jobs':
      return <JobsPage id={id} />
    case 'retention':
      return <RetentionPage />
    case 'schedule':
      return <SchedulePage />
    case 'access':
      return <AccessPage />
    case 'report':
      return <ReportPage />
    default:
      return (
        <PageFrame title="No such page">
          <Empty title="There is no such page">
            <a href="#/overview">Go to the overview</a>
          </Empty>
        </PageFrame>
      )
  }
}
