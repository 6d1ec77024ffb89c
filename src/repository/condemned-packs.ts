import { decodeCondemnation } from '../format/manifest/condemnation.ts'
import type { StandingCondemnation } from '../model/condemnation.ts'
import { toObjectId, type PackId } from '../model/ids.ts'
import { isLoss } from './loss.ts'
import type { Repository } from './repository.ts'

/** The condemnations that stand, as a run that begins sees them. */
export class CondemnedPacks {
  readonly standing: readonly StandingCondemnation[]
  /** Names of condemned objects that cannot be read: nobody can keep away from what they name. */
  readonly unreadable: readonly string[]
  readonly #packs = new Set<PackId>()
  readonly #marked: readonly ReadonlySet<string>[]

  constructor(standing: readonly StandingCondemnation[], unreadable: readonly string[] = []) {
    this.standing = standing
    this.unreadable = unreadable
    for (const { packs } of standing) for (const pack of packs) this.#packs.add(pack)
    this.#marked = standing.map(({ marked }) => new Set<string>(marked))
  }

  get packIds(): ReadonlySet<PackId> {
    return this.#packs
  }

  /**
   * Whether all that a snapshot refers to lies outside of the condemned packs, or is taken care of by the prune. What is not so must
   * not be taken from it unread: its sweep may be going on.
   */
  isSettled(snapshotId: string): boolean {
    return this.#marked.every((marked) => marked.has(snapshotId))
  }
}

/** Reads what stands in `condemned/`. One that vanishes meanwhile was swept, and the index objects say so already. */
export async function readCondemnedPacks(repository: Repository): Promise<CondemnedPacks> {
  const standing: StandingCondemnation[] = []
  const unreadable: string[] = []
  for (const name of await repository.storage.listNames('condemned')) {
    try {
      const plaintext = await repository.readSmallObject('condemned', name)
      const id = toObjectId(name.slice('condemned/'.length))
      standing.push({ ...decodeCondemnation(plaintext), id })
    } catch (error) {
      if (!isLoss(error)) throw error
      if (error.code !== 'OBJECT_MISSING') unreadable.push(name)
    }
  }
  return new CondemnedPacks(standing, unreadable)
}

/** Catalogue rows of the condemned packs that index objects still name. */
export function condemnedRows(repository: Repository, condemned: CondemnedPacks): number[] {
  const rows: number[] = []
  for (const id of condemned.packIds) {
    const pack = repository.catalogue.blobs.packById(id)
    if (pack) rows.push(pack.row)
  }
  return rows
}
