import { RepositoryError } from '../foundation/errors.ts'

/**
 * `newer`: made by a newer version; `damaged`: not a sound catalogue; `missing`: no file to read;
 * `busy`: another process kept it locked; `full`: no space left; `failed`: anything else, such as
 * missing permissions.
 */
export type CatalogueFault = 'newer' | 'damaged' | 'missing' | 'busy' | 'full' | 'failed'

const remedies: Readonly<Record<CatalogueFault, string>> = {
  newer: 'Use the newer version of holdfast, or run `holdfast rebuild` to make the catalogue anew',
  damaged: 'Run `holdfast rebuild` to make the catalogue anew from the repository',
  missing: 'Run `holdfast rebuild` to make the catalogue anew from the repository',
  busy: 'Wait until the other holdfast process is done, then run the command again',
  full: 'Free space where the catalogue is, then run the command again',
  failed: 'Check that this user may read and write the catalogue, then run the command again',
}

/**
 * The catalogue could not be read or written. Objects are never affected: the catalogue is a view
 * of them.
 */
export class CatalogueError extends RepositoryError {
  readonly fault: CatalogueFault

  constructor(fault: CatalogueFault, message: string, options: { path: string; cause?: unknown }) {
    super('CATALOGUE_FAILED', message, {
      remedy: remedies[fault],
      facts: { path: options.path, fault, sqlite: sqliteCodeOf(options.cause) },
      cause: options.cause,
    })
    this.fault = fault
  }

  /**
   * Whether deleting the file and building it anew from the objects helps; space or locks have to
   * be waited for.
   */
  get isRebuildable(): boolean {
    return this.fault === 'newer' || this.fault === 'damaged' || this.fault === 'missing'
  }
}

function sqliteCodeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/**
 * A file shorter than its header says gives a short read; both say that the file is not what was
 * written.
 */
const damagedCodes = /^SQLITE_(?:CORRUPT|NOTADB|FORMAT|IOERR_SHORT_READ|IOERR_CORRUPTFS)/

function faultOf(code: string): CatalogueFault {
  if (damagedCodes.test(code)) return 'damaged'
  if (/^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/.test(code)) return 'busy'
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC' || code === 'EDQUOT') return 'full'
  return 'failed'
}

/**
 * Types what SQLite or the file system threw; errors that are typed already, and mistakes of the
 * caller, pass unchanged.
 */
export function catalogueError(action: string, path: string, cause: unknown): unknown {
  const code = sqliteCodeOf(cause)
  const isOurs =
    code.startsWith('SQLITE_') || (cause as { errno?: unknown } | null)?.errno !== undefined
  if (!isOurs || cause instanceof RepositoryError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new CatalogueError(
    faultOf(code),
    `Cannot ${action} in the catalogue "${path}": ${message}`,
    { path, cause },
  )
}
