import { toObjectId, type PackId } from '../../model/ids.ts'
import type { Repository } from '../../repository/repository.ts'
import { unlistedObjects } from '../../repository/unlisted-objects.ts'

/** What the storage holds, beside what the catalogue says. */
export interface StoredPacks {
  readonly bytesOf: ReadonlyMap<PackId, number>
  /** Rows of packs that index objects name and that are not there. */
  readonly lost: ReadonlySet<number>
  /** Packs that no index object names. */
  readonly unnamed: readonly PackId[]
}

/**
 * Another process of this host may take in packs meanwhile: only what was known before the listing can be missing in it.
 *
 * @param condemned packs that are about to go
 */
export async function listStoredPacks(
  { storage, catalogue }: Repository,
  condemned: ReadonlySet<PackId>,
): Promise<StoredPacks> {
  const bytesOf = new Map<PackId, number>()
  const { blobs } = catalogue
  const known = blobs.packs()
  for (const { name, bytes } of await storage.list('packs')) {
    bytesOf.set(toObjectId(name.slice('packs/'.length)), bytes)
  }
  const unlisted = known.filter(({ id }) => !bytesOf.has(id)).map(({ id }) => `packs/${id}`)
  for (const [name, bytes] of await unlistedObjects(storage, unlisted)) {
    bytesOf.set(toObjectId(name.slice('packs/'.length)), bytes)
  }
  const lost = new Set(known.filter(({ id }) => !bytesOf.has(id)).map(({ row }) => row))
  const unnamed = new Set(bytesOf.keys())
  for (const { id } of blobs.packs()) unnamed.delete(id)
  for (const id of condemned) unnamed.delete(id)
  return { bytesOf, lost, unnamed: [...unnamed] }
}
