import type { Repository } from '../repository/repository.ts'

/** A `restore_<seconds>` that no recorded restore has. */
export function freeRestoreId(repository: Repository, startedAtMs: number): string {
  const taken = new Set(
    repository.catalogue.journal
      .list({ kind: 'restoration' })
      .map(({ record }) => record['restoreId']),
  )
  let seconds = Math.floor(startedAtMs / 1000)
  while (taken.has(`restore_${seconds}`)) seconds++
  return `restore_${seconds}`
}
