import { deleteCatalogue, openCatalogue, type Catalogue } from '../catalogue/catalogue.ts'
import { CatalogueError } from '../catalogue/errors.ts'

/** Of a catalogue that cannot be used: as it is, then deleted before each further one. */
const triesMax = 6
const pauseMsMax = 100

/**
 * Opens the file when it is this repository's sound catalogue, and makes a new one otherwise: it is only a view.
 *
 * Opening takes no lock, so another process may make the file anew at this very moment: one that closes the old file takes the log of the
 * new one with it. What looks damaged is therefore looked at again before it is deleted, and both give way for a while of random length.
 *
 * @throws {CatalogueError} when it cannot be made anew either
 */
export function openOwnCatalogue(path: string, repositoryId: string): Catalogue {
  for (let attempt = 1; ; attempt++) {
    try {
      return open(path, repositoryId)
    } catch (error) {
      if (!(error instanceof CatalogueError) || attempt === triesMax) throw error
      if (!error.isRebuildable && !mayBeVanishing(error)) throw error
      if (error.isRebuildable && attempt > 1) deleteCatalogue(path)
      pause(Math.random() * pauseMsMax)
    }
  }
}

/** What SQLite says of files that somebody removes while they are opened; a disk that fails says it again. */
function mayBeVanishing({ facts }: CatalogueError): boolean {
  return /^SQLITE_(?:IOERR|CANTOPEN|READONLY_DBMOVED)/.test(String(facts['sqlite']))
}

function open(path: string, repositoryId: string): Catalogue {
  const catalogue = openCatalogue(path)
  try {
    claim(catalogue, path, repositoryId)
    return catalogue
  } catch (error) {
    catalogue.close()
    throw error
  }
}

/** @throws {CatalogueError} when it belongs to another repository */
function claim(catalogue: Catalogue, path: string, repositoryId: string): void {
  const owner = catalogue.readMeta('repositoryId')
  if (owner === repositoryId) return
  if (owner === undefined) {
    catalogue.writeMeta('repositoryId', repositoryId)
    return
  }
  throw new CatalogueError(
    'damaged',
    `Cannot use the catalogue "${path}": it belongs to another repository`,
    { path },
  )
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
