import { openCatalogue, type Catalogue } from '../../src/catalogue/catalogue.ts'
import {
  deriveRepositoryKeys,
  type RepositoryKeys,
} from '../../src/format/encryption/repository-keys.ts'
import { decodeIndexObject } from '../../src/format/index-object/index-object.ts'
import type { SealedObject, SmallObjectType } from '../../src/format/object/small-object.ts'
import { decodePackTrailer } from '../../src/format/pack/pack-trailer.ts'
import type { RepositoryConfig } from '../../src/model/repository-config.ts'
import { Repository } from '../../src/repository/repository.ts'
import { setInMemory } from '../../src/storage/open-storage.ts'
import type { SimProcess } from './sim-process.ts'
import { SimStorage, type SimObjects } from './sim-storage.ts'

const masterSecret = Buffer.alloc(32, 7)
export const simKeys: RepositoryKeys = deriveRepositoryKeys(masterSecret)
const repositoryId = Buffer.alloc(16, 9)
const config: RepositoryConfig = {
  version: 1,
  repositoryId: repositoryId.toString('hex'),
  createdAtMs: 0,
  encryption: 'none',
  chunker: 'sieve-1',
  chunkAverageBytes: 16 * 1024,
  compression: 'zstd',
  secret: masterSecret.toString('hex'),
}

/** Packs that an index object names, with the ids of their blobs. */
export type IndexContent = ReadonlyMap<string, readonly string[]>

/** What was sealed in this schedule as an index object, by its name: so the oracle need not open it. */
export const sealedIndexes = new Map<string, IndexContent>()

class SimRepository extends Repository {
  override seal(type: SmallObjectType, plaintext: Uint8Array): SealedObject {
    const sealed = super.seal(type, plaintext)
    if (type === 'index') sealedIndexes.set(`index/${sealed.id}`, contentOf(plaintext))
    return sealed
  }
}

function contentOf(plaintext: Uint8Array): IndexContent {
  const content = new Map<string, string[]>()
  for (const { packId, trailer } of decodeIndexObject(Buffer.from(plaintext))) {
    const { ids } = decodePackTrailer(trailer)
    const blobs: string[] = []
    for (let at = 0; at < ids.length; at += 32) {
      blobs.push(Buffer.from(ids.subarray(at, at + 32)).toString('latin1'))
    }
    content.set(packId, blobs)
  }
  return content
}

/** The catalogue of a host, which its processes share; cleared and used again from schedule to schedule. */
const catalogues = new Map<string, Catalogue>()

const closeLater = new Map<Catalogue, () => void>()

/** Closes what a repair has put aside; nobody holds it when a schedule is over. */
export function closeAbandonedCatalogues(): void {
  const used = new Set(catalogues.values())
  for (const [catalogue, close] of closeLater) {
    if (used.has(catalogue)) continue
    close()
    closeLater.delete(catalogue)
  }
}

function catalogueOf(path: string): Catalogue {
  let catalogue = catalogues.get(path)
  if (catalogue) return catalogue
  catalogue = openCatalogue(path)
  catalogues.set(path, catalogue)
  // A process that closes its connection, or deletes the file, takes it from nobody else.
  const close = catalogue.close.bind(catalogue)
  catalogue.close = () => undefined
  closeLater.set(catalogue, close)
  return catalogue
}

function cataloguePathOf(host: string): string {
  return `memory:catalogue of ${host}`
}

/** A host whose catalogue is empty, as a new one or one whose disk was lost. */
export function clearCatalogue(host: string): void {
  catalogueOf(cataloguePathOf(host)).clear()
}

/** Opens the repository for one process. */
export function openSimRepository(objects: SimObjects, process: SimProcess): Repository {
  const location = `memory:process ${process.id}`
  const cataloguePath = cataloguePathOf(process.host)
  const storage = new SimStorage(location, objects, process)
  setInMemory(location, () => storage)
  let isFirst = true
  return new SimRepository({
    config,
    storage,
    masterSecret,
    slotId: null,
    clock: process.clock,
    context: {
      location,
      repositoryId,
      sealed: false,
      keys: simKeys,
      chunkAverageBytes: config.chunkAverageBytes,
      cataloguePath,
      compressionLevel: 1,
    },
    openCatalogue: () => {
      // A repair deletes the catalogue and opens it anew.
      if (!isFirst) catalogues.delete(cataloguePath)
      isFirst = false
      return catalogueOf(cataloguePath)
    },
  })
}

export function closeSimRepository(process: SimProcess): void {
  setInMemory(`memory:process ${process.id}`, null)
}
