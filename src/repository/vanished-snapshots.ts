import type { SnapshotId } from '../model/ids.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { isThere } from './modification-time.ts'
import type { Repository } from './repository.ts'

/** A snapshot that this catalogue has seen and that is gone without a word. */
export interface VanishedSnapshot {
  readonly id: SnapshotId
  readonly backupId: string
  readonly hostname: string
  readonly startedAtMs: number
}

/** A snapshot that was known. */
export interface GoneSnapshot extends Snapshot {
  /** When its object came into the storage, by the storage's clock. */
  readonly receivedAtMs: number | null
}

const metaKey = 'vanishedSnapshots'
/** Remembered; of more, the first. */
const rememberedMax = 1000

/**
 * The catalogue is the high-water mark of what this machine has seen: borg keeps a folder for that. Snapshots go only by way of
 * `forgotten/` and a record in the journal, so one that is gone without either was taken away by somebody else, or the storage shows an older
 * state. It is remembered until it is back or the catalogue is built anew, because nobody would believe a warning that comes once.
 *
 * @param gone known until now and not listed any more; the journal has been caught up with already
 */
export async function noteVanished(
  repository: Repository,
  gone: readonly GoneSnapshot[],
): Promise<void> {
  const { catalogue } = repository
  const known = vanishedSnapshots(repository)
  const back = known.filter(({ id }) => catalogue.snapshots.get(id) !== undefined)
  const vanished: VanishedSnapshot[] = []
  if (gone.length > 0) {
    const explained = explainedIds(repository, gone)
    for (const name of await repository.storage.listNames('forgotten')) {
      explained.add(name.slice('forgotten/'.length))
    }
    for (const { id, backupId, hostname, startedAtMs } of gone) {
      // Somebody may have brought it back since the snapshots were listed.
      if (explained.has(id) || (await isThere(repository.storage, `snapshots/${id}`))) continue
      vanished.push({ id, backupId, hostname, startedAtMs })
    }
  }
  if (vanished.length === 0 && back.length === 0) return
  const list = [...known.filter((snapshot) => !back.includes(snapshot)), ...vanished]
  catalogue.writeMeta(metaKey, JSON.stringify(list.slice(0, rememberedMax)))
}

export function vanishedSnapshots({ catalogue }: Repository): VanishedSnapshot[] {
  const text = catalogue.readMeta(metaKey)
  return text === undefined ? [] : (JSON.parse(text) as VanishedSnapshot[])
}

/** By the journal, and by the ways in which a run removes a snapshot of its own that nobody was told of. */
function explainedIds({ catalogue }: Repository, gone: readonly GoneSnapshot[]): Set<string> {
  const explained = new Set<string>()
  const revokedAtMs = new Map<unknown, number>()
  for (const { record } of catalogue.journal.list({ kind: 'deletion' })) {
    explained.add(String(record['snapshotId']))
  }
  for (const { record } of catalogue.journal.list({ kind: 'revocation' })) {
    const { leaseId, storageAtMs } = record
    if (typeof storageAtMs === 'number' && !revokedAtMs.has(leaseId))
      revokedAtMs.set(leaseId, storageAtMs)
  }
  for (const { id, leaseId, tree, startedAtMs, receivedAtMs } of gone) {
    // Committed again under another backup id.
    const isTwin = catalogue.snapshots.list().some((other) => {
      if (other.startedAtMs !== startedAtMs) return false
      return catalogue.snapshots.get(other.id)?.tree.id === tree.id
    })
    // Taken back by its own run, which found its lease over. One that came before that, whose lock nobody could remove, was good.
    const endedAtMs = revokedAtMs.get(leaseId) ?? Infinity
    if (isTwin || (receivedAtMs ?? Infinity) >= endedAtMs) explained.add(id)
  }
  return explained
}
