import { HoldfastError } from '../foundation/errors.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ForgottenSnapshot } from './library.ts'

/**
 * Finds forgotten snapshots by full id, unique beginning of one, `backup_<seconds>` or `latest` (the one that was forgotten last), all of them before anything is done; one that is named
 * twice is taken once.
 *
 * @throws {HoldfastError} `SNAPSHOT_NOT_FOUND` or `SNAPSHOT_AMBIGUOUS`, the latter with the candidates
 */
export function resolveForgotten(
  forgotten: readonly ForgottenSnapshot[],
  names: readonly string[],
): readonly Snapshot[] {
  const found = names.map((name) => resolveOne(forgotten, name))
  return [...new Map(found.map((snapshot) => [snapshot.id, snapshot])).values()]
}

function resolveOne(forgotten: readonly ForgottenSnapshot[], name: string): Snapshot {
  const newest = forgotten.reduce<ForgottenSnapshot | undefined>(
    (last, one) => (last === undefined || one.forgottenAtMs >= last.forgottenAtMs ? one : last),
    undefined,
  )
  if (name === 'latest' && newest !== undefined) return newest.snapshot
  const isId = /^[0-9a-f]{1,64}$/.test(name)
  const matching = forgotten
    .map(({ snapshot }) => snapshot)
    .filter(({ id, backupId }) => backupId === name || (isId && id.startsWith(name)))
  const [first, ...others] = matching
  if (first !== undefined && others.length === 0) return first
  if (first === undefined) {
    throw new HoldfastError(
      'SNAPSHOT_NOT_FOUND',
      `Cannot bring back snapshot "${name}": no forgotten snapshot has that id`,
      { remedy: 'Run `holdfast list --forgotten` to see what can be brought back' },
    )
  }
  const lines = matching.slice(0, 10).map(({ id, backupId }) => `  ${id.slice(0, 16)}  ${backupId}`)
  throw new HoldfastError(
    'SNAPSHOT_AMBIGUOUS',
    `Cannot choose snapshot "${name}": ${matching.length} forgotten snapshots match\n${lines.join('\n')}`,
    {
      remedy: 'Give more digits of the id',
      facts: { candidates: matching.map(({ id }) => id) },
    },
  )
}
