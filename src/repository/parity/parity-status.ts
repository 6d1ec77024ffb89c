import type { ParitySetting } from '../../model/parity-setting.ts'
import type { Repository } from '../repository.ts'
import { listLivePacks } from './live-packs.ts'
import { planParity } from './parity-plan.ts'
import { readParitySetting } from './parity-setting.ts'

export interface ParityStatus {
  /** Null when parity is off. */
  readonly setting: ParitySetting | null
  readonly packs: number
  /** Packs that a whole group holds. */
  readonly protectedPacks: number
  readonly packBytes: number
  readonly groups: number
  /** Groups of which parity objects are missing, or that hold packs that have gone. */
  readonly degradedGroups: number
  /** What the parity objects take. */
  readonly parityBytes: number
  /** Parity objects in the storage that cannot be used. */
  readonly unusableObjects: readonly string[]
}

/** What the catalogue knows of parity; reads no parity object. */
export async function parityStatus(repository: Repository): Promise<ParityStatus> {
  const { catalogue, storage } = repository
  const setting = readParitySetting(repository)
  const packs = catalogue.blobs.packs()
  const groups = catalogue.parity.groups()
  const { live } = await listLivePacks(repository, groups)
  // Without a setting nothing is wanted, so nothing is missing.
  const plan = setting === null ? undefined : planParity(live, groups, setting)
  const unprotected = new Set(plan?.unprotected.map(({ id }) => id))
  const objects = await storage.list('parity')
  const known = catalogue.objectIds('parity')
  const unusable = new Set(objects.map(({ name }) => name))
  for (const id of known) unusable.delete(`parity/${id}`)
  return {
    setting,
    packs: packs.length,
    protectedPacks: plan === undefined ? 0 : packs.filter(({ id }) => !unprotected.has(id)).length,
    packBytes: packs.reduce((sum, { bytes }) => sum + bytes, 0),
    groups: groups.length,
    degradedGroups: plan?.degraded.length ?? 0,
    parityBytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    unusableObjects: [...unusable].sort(),
  }
}
