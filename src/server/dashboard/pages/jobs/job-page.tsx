import type { JSX } from 'preact'

import { requestJson } from '../../api/request.ts'
import type { Job } from '../../../api/answers.ts'
import { Card, PageFrame } from '../../parts/page.tsx'
import { Loaded } from '../../parts/states.tsx'
import { FullTime } from '../../parts/values.tsx'
import { findJob } from '../../state/jobs.ts'
import { useResource } from '../../state/resource.ts'
import { JobCard } from './job-card.tsx'
import { resultFacts } from './job-text.ts'

export function JobPage({ id }: { readonly id: string }): JSX.Element {
  const resource = useResource(`job ${id}`, (signal) =>
    requestJson<Job>(`jobs/${encodeURIComponent(id)}`, { signal }),
  )
  const live = findJob(id)
  return (
    <PageFrame title="Job" lead={<a href="#/jobs">All jobs</a>}>
      {live === undefined ? (
        <Loaded resource={resource}>{(job) => <JobContent job={job} />}</Loaded>
      ) : (
        <JobContent job={live} />
      )}
    </PageFrame>
  )
}

function JobContent({ job }: { readonly job: Job }): JSX.Element {
  const facts = job.result === null ? [] : resultFacts(job.result)
  return (
    <div class="stack">
      <JobCard job={job} />
      <Card title="Times">
        <dl class="facts">
          <dt>Asked for</dt>
          <dd>
            <FullTime at={job.created_at} />
          </dd>
          <dt>Began</dt>
          <dd>
            <FullTime at={job.started_at} />
          </dd>
          <dt>Ended</dt>
          <dd>
            <FullTime at={job.ended_at} />
          </dd>
        </dl>
      </Card>
      {facts.length > 0 && (
        <Card title="Result">
          <dl class="facts">
            {facts.map(([name, value]) => (
              <div key={name} class="facts-pair">
                <dt>{name}</dt>
                <dd class="number">{value}</dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
    </div>
  )
}
