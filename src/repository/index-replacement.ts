import { decodeIndexObject, type IndexEntry } from '../format/index-object/index-object.ts'
import { toObjectId, type ObjectId, type PackId } from '../model/ids.ts'
import { deleteObjects } from './delete-objects.ts'
import { writeIndexObjects } from './index-writer.ts'
import type { RepositoryLock } from './locks.ts'
import { readAhead } from './read-ahead.ts'
import type { Repository } from './repository.ts'
import { listIndexNames } from './unlisted-objects.ts'

/** Index objects that go, and what of them is named anew. */
export interface IndexReplacement {
  readonly replaced: readonly ObjectId[]
  readonly staying: readonly IndexEntry[]
}

/** Packs that are named anew by one step: as many as one index object names. */
const packsPerStep = 32

/**
 * Index objects that name a pack that goes are replaced by some that name only what stays.
 *
 * @param except names of index objects that cannot be read
 * @throws {RepositoryError} when any other cannot be read: it must not be found out when half of the work is done
 */
export async function planIndexReplacement(
  repository: Repository,
  gone: ReadonlySet<PackId>,
  except: ReadonlySet<string> = new Set(),
): Promise<IndexReplacement[]> {
  const steps: IndexReplacement[] = []
  const named = new Set<PackId>()
  let replaced: ObjectId[] = []
  let staying: IndexEntry[] = []
  const { storage } = repository
  const names = (await listIndexNames(repository)).filter((name) => !except.has(name))
  const read = (name: string): Promise<Buffer> => repository.readSmallObject('index', name)
  await readAhead(storage, names, read, async (name, bytes) => {
    const entries = decodeIndexObject(await bytes)
    if (!entries.some((entry) => gone.has(entry.packId))) return
    replaced.push(toObjectId(name.slice('index/'.length)))
    for (const entry of entries) {
      if (gone.has(entry.packId) || named.has(entry.packId)) continue
      named.add(entry.packId)
      staying.push(entry)
    }
    if (staying.length < packsPerStep) return
    steps.push({ replaced, staying })
    replaced = []
    staying = []
  })
  if (replaced.length > 0) steps.push({ replaced, staying })
  return steps
}

/**
 * In steps, so that a full disk needs room for one new index object and not for all: in each the new ones are durable before the old ones go.
 *
 * @returns the index objects that are gone. The catalogue still has them: its log may need room that only the packs leave when they go
 */
export async function replaceIndexObjects(
  repository: Repository,
  steps: readonly IndexReplacement[],
  lock: RepositoryLock,
): Promise<ObjectId[]> {
  const { storage } = repository
  // Whoever was killed between the two lines below has left nothing to replace: a power cut would bring back what names packs that are gone.
  if (steps.length === 0) await storage.sync('index')
  for (const { replaced, staying } of steps) {
    // What is named twice does no harm.
    await lock.assertHeldLately()
    await writeIndexObjects(repository, staying)
    await lock.assertHeld()
    await deleteObjects(
      storage,
      replaced.map((id) => `index/${id}`),
    )
    await storage.sync('index')
  }
  return steps.flatMap(({ replaced }) => replaced)
}
