import type { JSX } from 'preact'

import { Card } from '../../parts/page.tsx'
import { activeJobs } from '../../state/jobs.ts'
import { JobCard } from '../jobs/job-card.tsx'

/** What runs just now; nothing at all when nothing does. */
export function LiveJobsCard(): JSX.Element | null {
  const active = activeJobs.value
  if (active.length === 0) return null
  return (
    <Card title="Running now" aside={<a href="#/jobs">All jobs</a>}>
      <div class="stack">
        {active.slice(0, 4).map((job) => (
          <JobCard key={job.id} job={job} />
        ))}
      </div>
    </Card>
  )
}
