import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'

import type { Job } from '../../api/answers.ts'

const byId: Signal<ReadonlyMap<string, Job>> = signal<ReadonlyMap<string, Job>>(new Map())

/** Newest first. */
export const jobs: ReadonlySignal<readonly Job[]> = computed(() =>
  [...byId.value.values()].sort(
    (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id.localeCompare(a.id),
  ),
)

export const activeJobs: ReadonlySignal<readonly Job[]> = computed(() =>
  jobs.value.filter(isActive),
)

export function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running'
}

export function findJob(id: string): Job | undefined {
  return byId.value.get(id)
}

/** @returns true when the job has just ended */
export function putJob(job: Job): boolean {
  const before = byId.value.get(job.id)
  // The answer to a request may come in after an event that is newer.
  if (before !== undefined && !isActive(before) && isActive(job)) return false
  byId.value = new Map(byId.value).set(job.id, job)
  return before !== undefined && isActive(before) && !isActive(job)
}

export function replaceJobs(all: readonly Job[]): void {
  byId.value = new Map(all.map((job) => [job.id, job]))
}
