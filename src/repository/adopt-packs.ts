import type { IndexEntry } from '../format/index-object/index-object.ts'
import { decodePack } from '../format/pack/pack-reader.ts'
import type { OnEvent } from '../foundation/progress-event.ts'
import { toObjectId } from '../model/ids.ts'
import { isLoss } from './absorb-index.ts'
import { writeIndexObjects } from './index-writer.ts'
import type { Repository } from './repository.ts'

/** With other runs at work, a temporary file that nobody wrote to for this long belongs to none of them. */
const temporaryAgeMs = 24 * 60 * 60_000
/** With none at work, every temporary file is a leftover; the margin is for a clock that differs and a run that starts now. */
const leftoverAgeMs = 10 * 60_000

/**
 * Takes over the packs that a run left behind when it was cut off: what it had stored is not stored again. Each is read whole and has to
 * be what its name says; packs that another run is writing at this moment may be named twice, which does no harm.
 *
 * @returns number of packs adopted
 */
export async function adoptPacks(
  repository: Repository,
  onEvent: OnEvent | undefined,
): Promise<number> {
  const { storage, catalogue } = repository
  const isAlone = (await storage.listNames('locks')).length <= 1
  await storage.sweepTemporary(isAlone ? leftoverAgeMs : temporaryAgeMs)
  const known = catalogue.objectIds('packs')
  const entries: IndexEntry[] = []
  for (const name of await storage.listNames('packs')) {
    const packId = toObjectId(name.slice('packs/'.length))
    if (known.has(packId)) continue
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
  return entries.length
}
