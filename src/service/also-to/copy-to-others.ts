import type { OtherRepository } from '../../config/settings.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CopyResult } from '../../operations/copy/copy-options.ts'
import { errorText } from '../error-text.ts'
import { operationsOf, type ServiceContext } from '../service-context.ts'
import { otherRepositoriesOf, type OtherOutcome } from './other-repositories.ts'

/**
 * Brings a new snapshot into the other repositories, and what each of them has missed of the same host and paths while it could not be reached; also this one,
 * from one that was backed up to in its place. One that cannot be reached, or fails, is told and does not keep the rest from being done.
 *
 * @throws the reason of the signal, and nothing else
 */
export async function copyToOthers(
  context: ServiceContext,
  snapshot: Snapshot | null,
): Promise<readonly OtherOutcome[]> {
  if (snapshot === null) return []
  const outcomes: OtherOutcome[] = []
  for (const other of otherRepositoriesOf(context).repositories) {
    outcomes.push(await copyToOther(context, snapshot, other))
  }
  return outcomes
}

async function copyToOther(
  context: ServiceContext,
  snapshot: Snapshot,
  other: OtherRepository,
): Promise<OtherOutcome> {
  const { location } = other
  try {
    context.signal.throwIfAborted()
    // Most backups have no other repository, and what reads passphrases need not be loaded for them.
    const { openOther } = await import('./open-other.ts')
    const repository = await openOther(context, other)
    try {
      const back = await copyMissed(context, { from: repository, to: context.repository, snapshot })
      const there = await copyMissed(context, {
        from: context.repository,
        to: repository,
        snapshot,
      })
      const damaged = count(there, 'damaged') + count(back, 'damaged')
      const added = there.snapshots.map(({ storedBytesAdded }) => storedBytesAdded)
      return {
        location,
        error: null,
        copied: count(there, 'copied'),
        damaged,
        storedBytesAdded: added.reduce((sum, bytes) => sum + bytes, 0),
        // The copy is there, whatever becomes of this question.
        requests: (await repository.storage?.countRequests()) ?? null,
      }
    } finally {
      await context.noteRequests?.(repository)
      await repository.close()
    }
  } catch (error) {
    context.signal.throwIfAborted()
    return tellDown(context, location, error)
  }
}

/** Tells of a repository that has no copy of the backup now. */
export function tellDown(
  { onEvent }: Pick<ServiceContext, 'onEvent'>,
  location: string,
  error: unknown,
): OtherOutcome {
  const message = `No copy in "${location}", which the next backup catches up with: ${errorText(error)}`
  onEvent({ type: 'failure', message })
  return { location, error, copied: 0, damaged: 0, storedBytesAdded: 0, requests: null }
}

async function copyMissed(
  context: ServiceContext,
  { from, to, snapshot }: { from: Repository; to: Repository; snapshot: Snapshot },
): Promise<CopyResult> {
  const { signal, onEvent } = context
  return await operationsOf(context).copySnapshots(to, from, {
    signal,
    onEvent,
    missedBeside: snapshot,
  })
}

function count(
  { snapshots }: CopyResult,
  wanted: CopyResult['snapshots'][number]['outcome'],
): number {
  return snapshots.filter(({ outcome }) => outcome === wanted).length
}
