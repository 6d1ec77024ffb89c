import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePack } from '../format/pack/pack-reader.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import { toObjectId, type PackId } from '../model/ids.ts'
import { isLoss } from './loss.ts'
import { writeIndexObjects } from './index-writer.ts'
import type { Repository } from './repository.ts'

/** With other runs at work, a temporary file that nobody wrote to for this long belongs to none of them. */
const temporaryAgeMs = 24 * 60 * 60_000
/** With none at work, every temporary file is a leftover; the margin is for a clock that differs and a run that starts now. */
const leftoverAgeMs = 10 * 60_000

export interface StoredPacks {
  /** Packs of runs that were cut off, which are used again. */
  readonly adopted: number
  /** Catalogue rows of packs that index objects name and that are not there. */
  readonly lostPacks: readonly number[]
}

/**
 * Takes over the packs that a run left behind when it was cut off: what it had stored is not stored again. Each is read whole and has to
 * be what its name says; packs that another run is writing at this moment may be named twice, which does no harm.
 *
 * Packs that should be there and are not are told of: what lay in them must not be taken for stored.
 */
export async function adoptPacks(
  repository: Repository,
  onEvent: OnEvent | undefined,
): Promise<StoredPacks> {
  const { storage, catalogue } = repository
  const isAlone = (await storage.listNames('locks')).length <= 1
  await storage.sweepTemporary(isAlone ? leftoverAgeMs : temporaryAgeMs)
  const known = catalogue.objectIds('packs')
  const entries: IndexEntry[] = []
  for (const name of await storage.listNames('packs')) {
    const packId = toObjectId(name.slice('packs/'.length))
    if (known.delete(packId)) continue
    try {
      const bytes = await storage.get(name)
      const { header, trailerPlain } = decodePack(
        bytes,
        {
          frameRootKey: repository.context.keys.frameRootKey,
          repositoryId: Buffer.from(repository.context.repositoryId),
          sealed: repository.context.sealed,
        },
        packId,
      )
      entries.push({
        packId,
        salt: Buffer.from(header.salt),
        packBytes: bytes.length,
        trailer: Buffer.from(trailerPlain),
      })
    } catch (error) {
      if (!isLoss(error)) throw error
      onEvent?.({
        type: 'notice',
        message: `${name} was left by a run that was cut off and cannot be used: ${error.message}`,
      })
    }
  }
  await writeIndexObjects(repository, entries)
  if (entries.length > 0) {
    onEvent?.({
      type: 'notice',
      message: `${entries.length} packs of a run that was cut off are used again`,
    })
  }
  return { adopted: entries.length, lostPacks: rowsOf(repository, known, onEvent) }
}

function rowsOf(
  repository: Repository,
  ids: ReadonlySet<PackId>,
  onEvent: OnEvent | undefined,
): number[] {
  const rows: number[] = []
  for (const id of ids) {
    const pack = repository.catalogue.blobs.packById(id)
    if (!pack) continue
    rows.push(pack.row)
    onEvent?.({
      type: 'damage',
      message: `packs/${id} is missing: every file is read, and what is lost and still there is stored again`,
    })
  }
  return rows
}
