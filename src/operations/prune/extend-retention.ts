import type { OnEvent } from '../../foundation/progress-event.ts'
import { readAhead } from '../../repository/read-ahead.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'

const metaKey = 'retentionExtendedAtMs'
/** Of the period, after which it is extended anew: what is there is then kept for three quarters of it at least. */
const extendedAfterShare = 0.25
/** The store's clock may be a little ahead of what is known of it; a time before the one that holds already would be refused. */
const marginMs = 60 * 60_000

const folders = ['keys', 'packs', 'index', 'snapshots', 'forgotten', 'parity', 'journal'] as const

/**
 * Keeps what is still there from being deleted by anybody, where the bucket has such a rule for new objects: what is needed for years must be
 * kept anew before the period of its put is over.
 *
 * @returns how many objects are kept for a whole period from now; 0 where there is no rule, or it is not time yet
 */
export async function extendRetention(
  { storage, catalogue }: Repository,
  lock: RepositoryLock,
  { onEvent, signal }: { onEvent?: OnEvent | undefined; signal?: AbortSignal | undefined },
): Promise<number> {
  const { versions } = storage
  const retention = versions ? await versions.retention() : null
  if (!versions || !retention) return 0
  const nowMs = lock.storageNowMs()
  const lastMs = Number(catalogue.readMeta(metaKey) ?? 0)
  if (nowMs - lastMs < retention.periodMs * extendedAfterShare) return 0
  const listed = await Promise.all(folders.map((folder) => storage.listNames(folder)))
  const names = ['config', ...listed.flat()]
  const untilMs = nowMs + retention.periodMs + marginMs
  const retain = (name: string): Promise<void> => versions.retain(name, untilMs, retention.mode)
  await readAhead(storage, names, retain, async (_name, retained) => {
    signal?.throwIfAborted()
    await retained
  })
  catalogue.writeMeta(metaKey, String(nowMs))
  const until = new Date(untilMs).toISOString().slice(0, 10)
  onEvent?.({
    type: 'notice',
    message: `${names.length} objects cannot be deleted by anybody before ${until}: their retention was extended`,
  })
  return names.length
}
