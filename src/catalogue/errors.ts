import { RepositoryError } from '../foundation/errors.ts'
import { findLockHolder, type LockHolder } from './lock-holder.ts'

/**
 * `newer`: made by a newer version; `damaged`: not a sound catalogue; `missing`: no file to read;
 * `busy`: another process kept it locked; `full`: no space left; `failed`: anything else, such as
 * missing permissions.
 */
export type CatalogueFault = 'newer' | 'damaged' | 'missing' | 'busy' | 'full' | 'failed'

const remedies: Readonly<Record<CatalogueFault, string>> = {
  newer:
    'Use the newer version of holdfast, or run `holdfast repair catalogue` to make the catalogue anew',
  damaged: 'Run `holdfast repair catalogue` to make the catalogue anew from the repository',
  missing: 'Run `holdfast repair catalogue` to make the catalogue anew from the repository',
  busy: 'Wait until the other holdfast process is done, then run the command again',
  full: 'Free space where the catalogue is, or name a folder on another disk with --cache-dir, then run the command again',
  failed: 'Check that this user may read and write the catalogue, then run the command again',
}

/**
 * The catalogue could not be read or written. Objects are never affected: the catalogue is a view
 * of them.
 */
export class CatalogueError extends RepositoryError {
  readonly fault: CatalogueFault

  constructor(
    fault: CatalogueFault,
    message: string,
    options: { path: string; cause?: unknown; holder?: LockHolder | undefined },
  ) {
    const { path, cause, holder } = options
    super(fault === 'busy' ? 'CATALOGUE_BUSY' : 'CATALOGUE_FAILED', message, {
      remedy: holder?.isStopped === true ? remedyForStopped(holder.pid) : remedies[fault],
      facts: {
        path,
        fault,
        sqlite: sqliteCodeOf(cause),
        ...(holder && { pid: holder.pid, isStopped: holder.isStopped }),
      },
      cause,
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

function remedyForStopped(pid: number): string {
  return `Let it go on (\`kill -CONT ${pid}\`) or end it (\`kill -KILL ${pid}\`: nothing that was acknowledged is lost), then run the command again`
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

/** better-sqlite3 looks at the folder itself, and throws a `TypeError` when it cannot. */
function isUnreachableFolder(cause: unknown): boolean {
  return cause instanceof TypeError && cause.message.includes('directory does not exist')
}

/**
 * Types what SQLite or the file system threw; errors that are typed already, and mistakes of the
 * caller, pass unchanged.
 */
export function catalogueError(action: string, path: string, cause: unknown): unknown {
  const code = sqliteCodeOf(cause)
  const isOurs =
    code.startsWith('SQLITE_') ||
    (cause as { errno?: unknown } | null)?.errno !== undefined ||
    isUnreachableFolder(cause)
  if (!isOurs || cause instanceof RepositoryError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  const fault = faultOf(code)
  const holder = fault === 'busy' ? findLockHolder(path) : undefined
  return new CatalogueError(
    fault,
    `Cannot ${action} in the catalogue "${path}": ${message}${holder ? tellHolder(holder) : ''}`,
    { path, cause, holder },
  )
}

function tellHolder({ pid, isStopped }: LockHolder): string {
  return ` by process ${pid}${isStopped ? ', which is stopped' : ''}`
}
