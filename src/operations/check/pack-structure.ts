import type { PackReadRow } from '../../catalogue/pack-read-table.ts'
import { readPackEnds, type IndexSurvey } from '../../repository/audit/index-survey.ts'
import type { StorageFaults } from '../../repository/audit/storage-faults.ts'
import { isFinding } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'

/** What the packs look like without reading their segments. */
export interface PackStructure {
  /** Named by an index object and not there. */
  readonly missing: readonly PackReadRow[]
  /** Something is wrong with their length or their ends: they have to be read whole to tell what is lost. */
  readonly suspect: readonly PackReadRow[]
  /** Index objects that say something else than a whole pack says of itself, by name. */
  readonly contradicted: ReadonlyMap<string, string>
  /** Names of packs that no index object names. */
  readonly unnamed: readonly string[]
}

/**
 * Holds every pack's length, header, trailer and footer against what the index objects say of it.
 *
 * @param rows all packs that the catalogue knows
 */
export async function examinePacks(
  repository: Repository,
  rows: readonly PackReadRow[],
  survey: IndexSurvey,
  faults: StorageFaults,
  onPack: (done: number) => void,
): Promise<PackStructure> {
  const stored = new Map<string, number>()
  for (const { name, bytes } of await repository.storage.list('packs')) stored.set(name, bytes)
  const missing: PackReadRow[] = []
  const suspect: PackReadRow[] = []
  const contradicted = new Map<string, string>()
  for (const [done, row] of rows.entries()) {
    onPack(done)
    const name = `packs/${row.id}`
    const storedBytes = stored.get(name)
    stored.delete(name)
    if (storedBytes === undefined) {
      missing.push(row)
      continue
    }
    try {
      const { ends } = await readPackEnds(repository, row.id, row.bytes)
      const said = survey.packs.get(row.id) ?? []
      for (const entry of said) {
        if (entry.ends === ends && entry.packBytes === row.bytes) continue
        contradicted.set(entry.indexName, `it does not say of pack ${row.id} what the pack says`)
      }
      if (storedBytes !== row.bytes) suspect.push(row)
    } catch (error) {
      if (isFinding(error)) suspect.push(row)
      else await faults.note(name, error)
    }
  }
  return { missing, suspect, contradicted, unnamed: [...stored.keys()] }
}
