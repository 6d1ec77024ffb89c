import type { OtherRepository } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { CopyOptions, CopyResult } from '../operations/copy/copy-options.ts'
import { openOther } from './also-to/open-other.ts'
import { otherRepositoriesOf } from './also-to/other-repositories.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'

export interface CopyOrder extends Pick<CopyOptions, 'newerOnly' | 'dryRun'> {
  /** Which of the other repositories. */
  readonly other: string
  /** Whether it is copied there, or back from there. */
  readonly isBack: boolean
  /** Named as where they are copied from; all without any. */
  readonly names?: readonly string[] | undefined
}

/**
 * Copies snapshots into one of the other repositories, or back from it. Only those that the configuration names can be meant: what opens them
 * stands there, and nobody who may start jobs can have the files of this machine sent to a place of his own.
 *
 * @throws {HoldfastError} `USAGE` when there is no such repository; as `openRepository` and `copySnapshots`
 */
export async function copyBetween(context: ServiceContext, order: CopyOrder): Promise<CopyResult> {
  const { signal, onEvent, repository } = context
  const other = await openOther(context, otherNamed(context, order.other))
  try {
    // The command line is there before an engine is.
    const { resolveSnapshot } = await import('../repository/resolve-snapshot.ts')
    const [from, to] = order.isBack ? [other, repository] : [repository, other]
    const { newerOnly = false, dryRun = false, names = [] } = order
    return await operationsOf(context).copySnapshots(to, from, {
      signal,
      onEvent,
      newerOnly,
      dryRun,
      ...(names.length > 0 && { snapshots: names.map((name) => resolveSnapshot(from, name)) }),
    })
  } finally {
    await context.noteRequests?.(other)
    await other.close()
  }
}

/** @throws {HoldfastError} `USAGE` when the configuration does not name it */
export function otherNamed(
  context: Pick<ServiceContext, 'configuration' | 'others'>,
  location: string,
): OtherRepository {
  const { repositories } = otherRepositoriesOf(context)
  const found = repositories.find((other) => other.location === location)
  if (found) return found
  throw new HoldfastError(
    'USAGE',
    `Cannot copy: "${location}" is none of the repositories in holdfast.also_to`,
    { remedy: 'Name one of them, or use `holdfast copy`' },
  )
}
