import type { ObjectId } from '../../model/ids.ts'
import type { Damage } from '../../repository/audit/damage.ts'
import type { StorageFaults } from '../../repository/audit/storage-faults.ts'
import { isFinding } from '../../repository/loss.ts'
import { hashObject } from '../../repository/parity/hash-object.ts'
import { parityStatus } from '../../repository/parity/parity-status.ts'
import { readParityObject } from '../../repository/parity/read-parity-object.ts'
import type { Repository } from '../../repository/repository.ts'
import { choosePacks, type ReadSubset } from './read-subset.ts'

export interface ParityFindings {
  readonly damages: readonly Damage[]
  readonly notices: readonly string[]
}

/**
 * Looks at what every parity object says of its group, and reads those whole that belong to the subset. Damaged parity loses nothing of
 * any snapshot, and is made again by `parity update --read-data`.
 */
export async function checkParity(
  repository: Repository,
  faults: StorageFaults,
  options: {
    readonly readData?: ReadSubset | undefined
    readonly signal?: AbortSignal | undefined
  },
): Promise<ParityFindings> {
  const { storage } = repository
  const objects = await storage.list('parity')
  const whole = await chooseObjects(repository, objects, options.readData)
  const damages: Damage[] = []
  for (const { name } of objects) {
    options.signal?.throwIfAborted()
    try {
      const look = (): Promise<string | undefined> => findingOf(repository, name, whole.has(name))
      // Once more, so that a bit flipped on the way is not taken for one in the storage.
      const message = (await look()) && (await look())
      if (message) damages.push({ objectId: name, message })
    } catch (error) {
      await faults.note(name, error)
    }
  }
  return { damages, notices: await noticesOf(repository) }
}

async function chooseObjects(
  { catalogue }: Repository,
  objects: readonly { readonly name: string; readonly bytes: number }[],
  subset: ReadSubset | undefined,
): Promise<Set<string>> {
  if (subset === undefined) return new Set()
  // When each was read is not on record; by drawing lots every one of them gets its turn.
  const rows = objects.map(({ name, bytes }) => ({
    row: 0,
    id: name.slice('parity/'.length) as ObjectId,
    bytes,
    readAtMs: Math.random(),
  }))
  const packBytes = catalogue.blobs.packs().reduce((sum, { bytes }) => sum + bytes, 0)
  // Of a number of bytes parity gets its share besides.
  const own: ReadSubset =
    subset.kind === 'bytes'
      ? { kind: 'percent', percent: Math.min(100, (100 * subset.bytes) / Math.max(1, packBytes)) }
      : subset
  return new Set(choosePacks(rows, own).map(({ id }) => `parity/${id}`))
}

async function findingOf(
  repository: Repository,
  name: string,
  isWhole: boolean,
): Promise<string | undefined> {
  try {
    await readParityObject(repository, name)
    if (!isWhole || `parity/${await hashObject(repository.storage, name)}` === name)
      return undefined
    return 'its bytes have another hash; `holdfast parity update --read-data` makes it again'
  } catch (error) {
    if (!isFinding(error)) throw error
    // What was listed and is gone now was replaced by another run.
    if (error.code === 'OBJECT_MISSING') return undefined
    return `${error.message}; \`holdfast parity update\` makes it again`
  }
}

async function noticesOf(repository: Repository): Promise<string[]> {
  const { setting, packs, protectedPacks, degradedGroups } = await parityStatus(repository)
  if (setting === null) return []
  const notices: string[] = []
  const remedy = 'run `holdfast parity update`'
  if (protectedPacks < packs) {
    notices.push(`packs without parity: ${packs - protectedPacks} of ${packs}; ${remedy}`)
  }
  if (degradedGroups > 0)
    notices.push(`parity groups that are not whole: ${degradedGroups}; ${remedy}`)
  return notices
}
