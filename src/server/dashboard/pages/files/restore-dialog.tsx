import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

import { counted } from '../../../../foundation/human.ts'
import { startJob } from '../../api/start-job.ts'
import type { Job } from '../../../api/answers.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Failure } from '../../parts/states.tsx'
import { Name } from '../../parts/values.tsx'
import { findJob, isActive } from '../../state/jobs.ts'
import { goTo } from '../../state/route.ts'
import { JobCard } from '../jobs/job-card.tsx'
import { resultFacts } from '../jobs/job-text.ts'
import { pathsBody } from './download.ts'
import type { FilePath } from './file-path.ts'
import { RestoreFields, type RestoreChoice } from './restore-fields.tsx'

export interface RestoreDialogProps {
  readonly snapshotId: string
  /** None: everything. */
  readonly paths: readonly FilePath[]
  onClose(): void
}

/** Restores in two steps: a dry run says what would happen, and only then it can be done. */
export function RestoreDialog({ snapshotId, paths, onClose }: RestoreDialogProps): JSX.Element {
  const [choice, setChoice] = useState<RestoreChoice>({ target: '', overwrite: true, verify: true })
  const [dryRun, setDryRun] = useState<string>()
  const [error, setError] = useState<Error>()
  const tried = dryRun === undefined ? undefined : findJob(dryRun)
  const start = async (isDryRun: boolean): Promise<void> => {
    setError(undefined)
    try {
      const job = await startJob({
        kind: 'restore',
        snapshot: snapshotId,
        ...(paths.length > 0 && pathsBody(paths)),
        ...(choice.target.trim() !== '' && { target: choice.target.trim() }),
        overwrite: choice.overwrite,
        verify: choice.verify,
        dry_run: isDryRun,
      })
      if (isDryRun) setDryRun(job.id)
      else {
        onClose()
        goTo(['jobs', job.id])
      }
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
    }
  }
  const isTrying = tried !== undefined && isActive(tried)
  return (
    <Dialog
      title="Restore"
      size="large"
      onClose={onClose}
      foot={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button" disabled={isTrying} onClick={() => void start(true)}>
            Dry run
          </button>
          <button
            type="button"
            class="button button-accent"
            disabled={tried?.state !== 'done'}
            title={tried?.state === 'done' ? undefined : 'First see what a dry run says'}
            onClick={() => void start(false)}
          >
            Restore now
          </button>
        </>
      }
    >
      <WhatIsRestored paths={paths} />
      <RestoreFields
        choice={choice}
        onChange={(next) => {
          setChoice(next)
          // What was tried is no longer what would be done.
          setDryRun(undefined)
        }}
      />
      {error !== undefined && <Failure error={error} />}
      {tried !== undefined && <DryRunResult job={tried} />}
    </Dialog>
  )
}

function WhatIsRestored({ paths }: Pick<RestoreDialogProps, 'paths'>): JSX.Element {
  if (paths.length === 0) return <p>The whole snapshot.</p>
  return (
    <>
      <p>{counted(paths.length, 'path')}:</p>
      <ul class="plain-list short-list">
        {paths.slice(0, 100).map((path) => (
          <li key={path.base64 ?? path.text}>
            <Name text={path.text} />
          </li>
        ))}
      </ul>
    </>
  )
}

function DryRunResult({ job }: { readonly job: Job }): JSX.Element {
  if (job.state !== 'done') return <JobCard job={job} />
  return (
    <section class="dry-run" aria-label="Dry run" aria-live="polite">
      <h3>This is what would happen</h3>
      <dl class="facts">
        {resultFacts(job.result ?? {}).map(([name, value]) => (
          <div key={name} class="facts-pair">
            <dt>{name}</dt>
            <dd class="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
