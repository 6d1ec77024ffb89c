import type { OnEvent } from '../../foundation/progress-event.ts'
import type { StorageChoice } from '../../repository/open-chosen-storage.ts'
import { lockIn } from '../../repository/object-lock.ts'
import {
  retentionOf,
  withVersions,
  type ObjectVersion,
  type VersionedObjects,
} from '../../repository/versions.ts'
import { planVersions } from './plan-versions.ts'

export interface RepairVersionsOptions extends StorageChoice {
  /** By the storage's clock: everything is again as it was then. */
  readonly atMs: number
  /** Without it only what would be done is told. */
  readonly apply?: boolean
  readonly signal?: AbortSignal
  readonly onEvent?: OnEvent
}

export interface RepairVersionsResult {
  /** What was brought back, or would be, by name. */
  readonly objects: readonly Pick<ObjectVersion, 'name' | 'bytes' | 'storedAtMs'>[]
  /** Versions that were looked at. */
  readonly versions: number
  readonly isApplied: boolean
  readonly durationMs: number
}

/** What makes a repository one comes last: until then it cannot be opened half brought back. */
const lastName = 'config'
const configBytesMax = 1_048_576

/**
 * Brings back what somebody has deleted or overwritten in a bucket that keeps versions: every object is again what it was at a time.
 * Cut off, it goes on when it is run again.
 *
 * @throws {HoldfastError} `USAGE` for a storage without versions, or a storage fault
 */
export async function repairVersions(
  options: RepairVersionsOptions,
): Promise<RepairVersionsResult> {
  const startedAtMs = Date.now()
  return await withVersions(options, async (versions) => {
    const all = await versions.list()
    const plan = planVersions(all, options.atMs).toSorted(
      (one, other) => Number(one.name === lastName) - Number(other.name === lastName),
    )
    if (options.apply === true) {
      await lockBroughtBack(versions, all, plan)
      for (const [index, version] of plan.entries()) {
        options.signal?.throwIfAborted()
        await versions.bringBack(version)
        options.onEvent?.({
          type: 'progress',
          phase: 'bringing back',
          filesDone: index + 1,
          filesTotal: plan.length,
          bytesDone: 0,
          errors: 0,
        })
      }
    }
    return {
      objects: plan.map(({ name, bytes, storedAtMs }) => ({ name, bytes, storedAtMs })),
      versions: all.length,
      isApplied: options.apply === true,
      durationMs: Date.now() - startedAtMs,
    }
  })
}

/**
 * What comes back is kept from being deleted as the configuration says that will be valid afterwards. Its key is not known here; a wrong one would
 * have been put by whoever can put everything else.
 */
async function lockBroughtBack(
  versions: VersionedObjects,
  all: readonly ObjectVersion[],
  plan: readonly ObjectVersion[],
): Promise<void> {
  const config =
    plan.find(({ name }) => name === lastName) ??
    all.find(({ name, isCurrent, isDeletion }) => name === lastName && isCurrent && !isDeletion)
  if (!config) return
  const lock = lockIn(await versions.get(config, configBytesMax))
  if (lock) await versions.keepNew(retentionOf(lock))
}
