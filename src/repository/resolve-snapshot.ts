import type { SnapshotFilter } from '../catalogue/snapshot-table.ts'
import type { SnapshotSummary } from '../catalogue/snapshot-row.ts'
import { HoldfastError, RepositoryError } from '../foundation/errors.ts'
import type { SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isLate } from './is-late.ts'
import type { Repository } from './repository.ts'

/**
 * Finds the snapshot that a person means: a full id, a unique prefix of one, `latest`, `latest~N` (N before the newest), or
 * `backup_<seconds>`. Late snapshots, which need not be whole, are found by their ids alone.
 *
 * @param filter narrows what `latest` counts
 * @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` or `SNAPSHOT_AMBIGUOUS`, the latter with the candidates
 */
export function resolveSnapshot(
  repository: Repository,
  text: string,
  filter: SnapshotFilter = {},
): Snapshot {
  const { snapshots } = repository.catalogue
  const latest = /^latest(?:~(\d{1,9}))?$/.exec(text)
  if (latest) {
    const all = snapshots.list(filter).filter((summary) => !isLate(summary))
    const chosen = all[all.length - 1 - Number(latest[1] ?? 0)]
    if (!chosen) throw notFound(repository, text, `there are ${all.length} snapshots`)
    return load(repository, chosen.id)
  }
  if (/^backup_\d+$/.test(text)) {
    return load(repository, onlyOne(repository, text, snapshots.findByBackupId(text)))
  }
  if (!/^[0-9a-f]{1,64}$/.test(text)) {
    throw notFound(
      repository,
      text,
      'that is neither an id nor latest, latest~N or backup_<seconds>',
    )
  }
  const candidates = snapshots
    .findByPrefix(text)
    .map((id) => snapshots.summary(id))
    .filter((summary) => summary !== undefined)
  return load(repository, onlyOne(repository, text, candidates))
}

function onlyOne(
  repository: Repository,
  text: string,
  candidates: readonly SnapshotSummary[],
): SnapshotId {
  const [first] = candidates
  if (!first) throw notFound(repository, text, 'no snapshot has that id')
  if (candidates.length === 1) return first.id
  const lines = candidates.slice(0, 10).map(describe)
  throw new HoldfastError(
    'SNAPSHOT_AMBIGUOUS',
    `Cannot choose snapshot "${text}": ${candidates.length} snapshots match\n${lines.join('\n')}`,
    { remedy: 'Give more digits of the id', facts: { candidates: candidates.map(({ id }) => id) } },
  )
}

function describe(summary: SnapshotSummary): string {
  const time = new Date(summary.startedAtMs).toISOString().slice(0, 19).replace('T', ' ')
  return `  ${summary.id.slice(0, 16)}  ${summary.backupId}  ${time}  ${summary.type}`
}

function notFound(repository: Repository, text: string, state: string): HoldfastError {
  return new HoldfastError(
    'SNAPSHOT_NOT_FOUND',
    `Cannot find snapshot "${text}" in "${repository.location}": ${state}`,
    { remedy: 'Run `holdfast list` to see what there is' },
  )
}

function load(repository: Repository, id: SnapshotId): Snapshot {
  const snapshot = repository.catalogue.snapshots.get(id)
  if (!snapshot)
    throw new RepositoryError(
      'CATALOGUE_FAILED',
      `Cannot load snapshot "${id}": the catalogue changed meanwhile`,
      { remedy: 'Run the command again' },
    )
  return snapshot
}
