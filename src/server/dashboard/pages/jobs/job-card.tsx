import type { JSX } from 'preact'

import { humanCount, humanDuration } from '../../../../foundation/human.ts'
import { cancelJob } from '../../api/start-job.ts'
import type { Job, JobProgress } from '../../../api/answers.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { CodeText } from '../../parts/code-text.tsx'
import { StatusChip } from '../../parts/chip.tsx'
import { Time } from '../../parts/values.tsx'
import { isActive } from '../../state/jobs.ts'
import { now } from '../../state/now.ts'
import { hrefTo } from '../../state/address.ts'
import { byteText } from '../../text/number-text.ts'
import { visibleText } from '../../text/visible-text.ts'
import { jobErrorText, waitingText } from './job-text.ts'

export function JobCard({ job }: { readonly job: Job }): JSX.Element {
  return (
    <article class="job" data-job-state={job.state}>
      <header class="job-head">
        <StatusChip status={job.state} />
        <a class="job-title" href={hrefTo(['jobs', job.id])}>
          {visibleText(job.title)}
        </a>
        <span class="muted">
          <Time at={job.started_at ?? job.created_at} />
          {duration(job)}
        </span>
        {isActive(job) && (
          <ActionButton onClick={() => void cancelJob(job.id)} icon="close">
            Cancel
          </ActionButton>
        )}
      </header>
      {isActive(job) && <Progress job={job} />}
      {job.error !== null && (
        <p class="job-error">
          <CodeText text={jobErrorText(job.error)} />
        </p>
      )}
    </article>
  )
}

function duration({ started_at: start, ended_at: end }: Job): string {
  if (start === null) return ''
  const endMs = end === null ? Math.max(now.value, Date.now()) : Date.parse(end)
  return ` · ${humanDuration(endMs - Date.parse(start))}`
}

function Progress({ job }: { readonly job: Job }): JSX.Element {
  const { progress, title } = job
  const share = progress === null ? undefined : shareOf(progress)
  return (
    <div class="progress">
      <progress
        aria-label={`Progress of ${title}`}
        max={1}
        {...(share !== undefined && { value: share })}
      />
      <span class="muted number">{progressText(job)}</span>
    </div>
  )
}

function progressText({ progress, waiting_for: holder }: Job): string {
  if (holder !== null) return waitingText(holder)
  return progress === null ? 'waiting' : describe(progress)
}

function shareOf(progress: JobProgress): number | undefined {
  const { bytes_done: bytes, bytes_total: bytesTotal } = progress
  if (bytesTotal !== null && bytesTotal > 0) return Math.min(1, bytes / bytesTotal)
  const { files_done: files, files_total: filesTotal } = progress
  return filesTotal !== null && filesTotal > 0 ? Math.min(1, files / filesTotal) : undefined
}

function describe(progress: JobProgress): string {
  const parts = [visibleText(progress.phase)]
  if (progress.files_done > 0) {
    const total = progress.files_total
    parts.push(
      `${humanCount(progress.files_done)}${total === null ? '' : ` of ${humanCount(total)}`} files`,
    )
  }
  if (progress.bytes_done > 0) {
    const total = progress.bytes_total
    parts.push(`${byteText(progress.bytes_done)}${total === null ? '' : ` of ${byteText(total)}`}`)
  }
  if (progress.message !== null && progress.message !== '')
    parts.push(visibleText(progress.message))
  return parts.filter((part) => part !== '').join(' · ')
}
