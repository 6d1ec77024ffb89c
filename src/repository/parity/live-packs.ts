import type { GroupedPack, ParityGroupRow } from '../../catalogue/parity-table.ts'
import type { PackId } from '../../model/ids.ts'
import type { Repository } from '../repository.ts'

/** The packs that parity is there for. */
export interface LivePacks {
  /** Packs that index objects name: each of them gets parity. */
  readonly named: readonly GroupedPack[]
  /** Packs that must keep the parity that they have. */
  readonly live: readonly GroupedPack[]
}

/**
 * Parity is given up only for packs that have gone for good. One that no index object names but that is in the storage may be named
 * again by a repair, and as long as an index object cannot be read, nobody knows what it names.
 */
export async function listLivePacks(
  repository: Repository,
  groups: readonly ParityGroupRow[],
): Promise<LivePacks> {
  const named = repository.catalogue.blobs.packs().map(({ id, bytes }) => ({ id, bytes }))
  const known = new Set<PackId>(named.map(({ id }) => id))
  const stored = new Set(await repository.storage.listNames('packs'))
  const isIndexWhole = !repository.unusable.some(({ name }) => name.startsWith('index/'))
  const others = new Map<PackId, GroupedPack>()
  for (const pack of groups.flatMap(({ packs }) => packs)) {
    if (pack === null || known.has(pack.id)) continue
    if (stored.has(`packs/${pack.id}`) || !isIndexWhole) others.set(pack.id, pack)
  }
  return { named, live: [...named, ...others.values()] }
}
