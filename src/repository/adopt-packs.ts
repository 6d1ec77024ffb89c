import type { IndexEntry } from '../format/index-object/index-object.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import { toObjectId, type PackId } from '../model/ids.ts'
import { compareNames, idOfName } from './compare-names.ts'
import type { CondemnedPacks } from './condemned-packs.ts'
import type { Lease } from './lock-repository.ts'
import { isLoss } from './loss.ts'
import { isThere } from './modification-time.ts'
import { writeIndexObjects } from './index-writer.ts'
import { readAhead } from './read-ahead.ts'
import { readIndexEntry } from './read-index-entry.ts'
import type { PackStorage } from '../storage/pack-storage.ts'
import type { Repository } from './repository.ts'

/** With other runs at work, a temporary file that nobody wrote to for this long belongs to none of them. */
const temporaryAgeMs = 24 * 60 * 60_000
/** With none at work, every temporary file is a leftover; the margin is for a clock that differs and a run that starts now. */
const leftoverAgeMs = 10 * 60_000

export interface StoredPacks {
  /** Packs of runs that were cut off, which are used again. */
  readonly adopted: number
  /** Packs that index objects name and that are not there. */
  readonly missing: readonly PackId[]
}

/**
 * Takes over the packs that a run left behind when it was cut off: what it had stored is not stored again. Each has to
 * be what its name says (`readIndexEntry`); packs that another run is writing at this moment may be named twice, which does no harm. Condemned ones are left alone.
 *
 * Packs that should be there and are not are told of: what lay in them must not be taken for stored.
 */
export async function adoptPacks(
  repository: Repository,
  { condemned, takePackNames }: Pick<Lease, 'condemned' | 'takePackNames'>,
  onEvent: OnEvent | undefined,
): Promise<StoredPacks> {
  const { storage, catalogue } = repository
  // At the same time, because each takes a while where there are many; `missingPacks` looks again at what came between.
  const [listed, known] = await Promise.all([
    takePackNames?.() ?? storage.listNames('packs'),
    Promise.resolve().then(() => catalogue.namesInOrder('packs')),
    sweepLeftovers(storage),
  ])
  const { added, gone } = compareNames(known, listed)
  const entries: IndexEntry[] = []
  // A condemned pack loses its index object before it goes itself: naming it again would name what is not there.
  const wanted = added.filter((name) => !condemned.packIds.has(packIdOf(name)))
  const read = (name: string): Promise<IndexEntry> => readIndexEntry(repository, packIdOf(name))
  await readAhead(storage, wanted, read, async (name, entry) => {
    try {
      entries.push(await entry)
    } catch (error) {
      if (!isLoss(error)) throw error
      onEvent?.({
        type: 'notice',
        message: `${name} is named by no index object and is not whole; the next prune removes it: ${error.message}`,
      })
    }
  })
  await writeIndexObjects(repository, entries)
  if (entries.length > 0) {
    onEvent?.({
      type: 'notice',
      message: `${entries.length} packs of a run that was cut off are used again`,
    })
  }
  return {
    adopted: entries.length,
    missing: await missingPacks(repository, gone, condemned, onEvent),
  }
}

async function sweepLeftovers(storage: PackStorage): Promise<void> {
  // Of a storage that is far away, unfinished files lie on this machine and wait for a day in any case.
  const isAlone = !storage.capabilities.isRemote && (await storage.listNames('locks')).length <= 1
  await storage.sweepTemporary(isAlone ? leftoverAgeMs : temporaryAgeMs)
}

function packIdOf(name: string): PackId {
  return toObjectId(idOfName(name))
}

async function missingPacks(
  repository: Repository,
  names: readonly string[],
  condemned: CondemnedPacks,
  onEvent: OnEvent | undefined,
): Promise<PackId[]> {
  const missing: PackId[] = []
  for (const name of names) {
    const id = toObjectId(idOfName(name))
    // A sweep that goes on beside has taken it away on purpose.
    if (condemned.packIds.has(id) || !repository.catalogue.blobs.hasPack(id)) continue
    // Another run may have stored and named it after the packs were listed.
    if (await isThere(repository.storage, name)) continue
    missing.push(id)
    onEvent?.({ type: 'damage', message: `${name} is missing` })
  }
  return missing
}
