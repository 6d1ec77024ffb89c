import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { tryJob } from '../../api/start-job.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx'
import type { IconName } from '../../parts/icon.tsx'
import { Card, PageFrame } from '../../parts/page.tsx'
import { Empty } from '../../parts/states.tsx'
import { startBackupDialog } from '../../state/dialogs.ts'
import { isActive, jobs } from '../../state/jobs.ts'
import { canWrite } from '../../state/session.ts'
import { JobCard } from './job-card.tsx'
import { JobPage } from './job-page.tsx'

interface Work {
  readonly kind: string
  readonly name: string
  readonly says: string
  readonly icon: IconName
  /** What it takes away, where it does. */
  readonly confirm?: string
}

const works: readonly Work[] = [
  {
    kind: 'verify',
    name: 'Verify all',
    says: 'Reads every file of every snapshot back and compares hashes.',
    icon: 'check',
  },
  { kind: 'check', name: 'Check', says: 'Proves the structure of the repository.', icon: 'access' },
  {
    kind: 'drill',
    name: 'Restore drill',
    says: 'Restores a random sample to a scratch folder and compares.',
    icon: 'restore',
  },
  {
    kind: 'schedule',
    name: 'Run what is due',
    says: 'Makes the backup that the schedule asks for, if any.',
    icon: 'schedule',
  },
  {
    kind: 'cleanup',
    name: 'Clean up',
    says: 'Deletes what the retention does not keep.',
    icon: 'retention',
    confirm:
      'Backups beyond the retention are deleted. They can be undeleted until their space is freed.',
  },
  {
    kind: 'prune',
    name: 'Free space',
    says: 'Removes the data of what was deleted long enough ago.',
    icon: 'snapshots',
    confirm: 'Data that no snapshot needs is removed for good, once its grace is over.',
  },
]

export function JobsPage({ id }: { readonly id: string | undefined }): JSX.Element {
  return id === undefined ? <JobList /> : <JobPage id={id} />
}

function JobList(): JSX.Element {
  const all = jobs.value
  const ended = all.filter((job) => !isActive(job))
  const active = all.filter(isActive)
  return (
    <PageFrame
      title="Jobs"
      lead="What runs, what has run since the server started, and what can be started."
      actions={
        <ActionButton tone="accent" icon="jobs" onClick={startBackupDialog}>
          Back up now
        </ActionButton>
      }
    >
      <div class="stack">
        {canWrite() && <WorkCards />}
        <Card title="Running and waiting">
          {active.length === 0 ? (
            <Empty title="Nothing runs">Jobs appear here as soon as they are started.</Empty>
          ) : (
            <div class="stack" aria-live="polite">
              {active.map((job) => (
                <JobCard key={job.id} job={job} />
              ))}
            </div>
          )}
        </Card>
        {ended.length > 0 && (
          <Card title="Ended">
            <div class="stack">
              {ended.map((job) => (
                <JobCard key={job.id} job={job} />
              ))}
            </div>
          </Card>
        )}
      </div>
    </PageFrame>
  )
}

function WorkCards(): JSX.Element {
  const [asked, setAsked] = useState<Work>()
  return (
    <div class="works">
      {works.map((work) => (
        <div key={work.kind} class="work">
          <ActionButton
            icon={work.icon}
            onClick={() =>
              work.confirm === undefined ? void tryJob({ kind: work.kind }) : setAsked(work)
            }
          >
            {work.name}
          </ActionButton>
          <p class="muted">{work.says}</p>
        </div>
      ))}
      {asked !== undefined && (
        <ConfirmDialog
          title={asked.name}
          action={asked.name}
          onClose={() => setAsked(undefined)}
          run={async () => {
            await tryJob({ kind: asked.kind })
          }}
        >
          <p>{asked.confirm}</p>
        </ConfirmDialog>
      )}
    </div>
  )
}
