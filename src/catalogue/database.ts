import { randomInt } from 'node:crypto'
import { chmodSync, closeSync, lstatSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import Database from 'better-sqlite3'

import { CatalogueError, catalogueError } from './errors.ts'
import { prepareSchema } from './schema.ts'
import { closeSharedMemory, isSharedMemory, openSharedMemory } from './shared-memory.ts'

export interface DatabaseOptions {
  readonly readOnly?: boolean
  /** Page cache in KiB. The memory of a run must not grow with the repository. */
  readonly cacheKiB?: number
  /** How long to wait for another process that writes. */
  readonly busyTimeoutMs?: number
}

const cacheKiBDefault = 16_384
const busyTimeoutMsDefault = 30_000
/**
 * A large transaction leaves a large write-ahead log; what is above this is given back at the next
 * checkpoint.
 */
const journalBytesKept = 16 * 1024 * 1024

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

/**
 * Makes the file itself first: SQLite would make it with the umask's mode, and gives its log files
 * the mode of the file.
 */
function prepareFile(path: string, readOnly: boolean): void {
  let status
  try {
    status = lstatSync(path)
  } catch (error) {
    if (!isMissing(error)) throw error
    if (readOnly) {
      throw new CatalogueError('missing', `Cannot open the catalogue "${path}": there is none`, {
        path,
        cause: error,
      })
    }
    closeSync(openSync(path, 'a', 0o600))
    return
  }
  // A symbolic link could lead the writes elsewhere, and a fifo would block for ever.
  if (!status.isFile()) {
    throw new CatalogueError(
      'damaged',
      `Cannot open the catalogue "${path}": it is not a regular file`,
      { path },
    )
  }
  if (!readOnly && (status.mode & 0o077) !== 0) chmodSync(path, 0o600)
}

function configure(sqlite: Database.Database, options: DatabaseOptions): void {
  sqlite.pragma('trusted_schema = OFF')
  sqlite.pragma('cell_size_check = ON')
  sqlite.pragma('mmap_size = 0')
  sqlite.pragma(`cache_size = -${options.cacheKiB ?? cacheKiBDefault}`)
  // Temporary files would hold file names in the clear outside of the guarded folder.
  sqlite.pragma('temp_store = MEMORY')
}

function configureWriting(sqlite: Database.Database, busyTimeoutMs: number): void {
  useWriteAheadLog(sqlite, performance.now() + busyTimeoutMs)
  // better-sqlite3 is built with NORMAL for WAL, which lost 200 of 200 commits in a power cut; FULL
  // lost none.
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma(`journal_size_limit = ${journalBytesKept}`)
}

/** SQLite waits for nobody while it changes to that log: of two processes that meet a new file one would be refused at once. */
function useWriteAheadLog(sqlite: Database.Database, deadlineMs: number): void {
  for (;;) {
    try {
      sqlite.pragma('journal_mode = WAL')
      return
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
      if (!isBusy || performance.now() >= deadlineMs) throw error
      // Not all at the same time again.
      Atomics.wait(pauseCell, 0, 0, randomInt(5, 25))
    }
  }
}

const pauseCell = new Int32Array(new SharedArrayBuffer(4))

/** One SQLite connection with the catalogue's settings, typed errors and nested transactions. */
export class CatalogueDatabase {
  /** Absolute path, `:memory:` or `memory:` with a name. */
  readonly path: string
  readonly sqlite: Database.Database
  #isClosed = false

  /** @throws {CatalogueError} when the file cannot be used. */
  constructor(path: string, options: DatabaseOptions = {}) {
    // Absolute, because SQLite takes a name that begins with `file:` for an address with
    // parameters.
    this.path = path === ':memory:' || isSharedMemory(path) ? path : resolve(path)
    const readOnly = options.readOnly === true
    let sqlite: Database.Database | undefined
    try {
      if (isSharedMemory(path)) {
        this.sqlite = openSharedMemory(path, (made) => {
          configure(made, options)
          prepareSchema(made, path)
        })
        return
      }
      if (this.path !== ':memory:') prepareFile(this.path, readOnly)
      const timeout = options.busyTimeoutMs ?? busyTimeoutMsDefault
      sqlite = new Database(this.path, { readonly: readOnly, timeout })
      configure(sqlite, options)
      if (!readOnly) configureWriting(sqlite, timeout)
      prepareSchema(sqlite, this.path)
    } catch (error) {
      sqlite?.close()
      throw catalogueError('open tables', this.path, error)
    }
    this.sqlite = sqlite
  }

  /** @param action Verb phrase for the message: `Cannot <action> in the catalogue`. */
  guard<T>(action: string, use: () => T): T {
    try {
      return use()
    } catch (error) {
      throw catalogueError(action, this.path, error)
    }
  }

  /**
   * Runs `use` in a transaction that takes the write lock at once. Inside another one it is part of
   * that, without a savepoint: SQLite would keep every page that changes after one in memory.
   */
  write<T>(action: string, use: () => T): T {
    return this.#transact('BEGIN IMMEDIATE', action, use)
  }

  /** Runs `use` on one state of the database, and spares the locking for each statement. */
  read<T>(action: string, use: () => T): T {
    return this.#transact('BEGIN', action, use)
  }

  /** Runs what has to succeed for the connection to be of use to anybody; it is closed otherwise. */
  begin<T>(prepare: () => T): T {
    try {
      return this.guard('open tables', prepare)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    if (!this.sqlite.open) return
    if (isSharedMemory(this.path)) {
      if (!this.#isClosed) closeSharedMemory(this.sqlite)
      this.#isClosed = true
      return
    }
    if (!this.sqlite.readonly && this.path !== ':memory:') {
      try {
        // Not worth waiting for another process: what was committed is in the log, and whoever
        // closes last moves it.
        this.sqlite.pragma('busy_timeout = 0')
        this.sqlite.pragma('wal_checkpoint(TRUNCATE)')
      } catch {
        // A full disk or a damaged file. Nothing that was acknowledged rests on the checkpoint.
      }
    }
    this.sqlite.close()
  }

  #transact<T>(begin: string, action: string, use: () => T): T {
    if (this.sqlite.inTransaction) return this.guard(action, use)
    return this.guard(action, () => {
      this.sqlite.exec(begin)
      try {
        const result = use()
        this.sqlite.exec('COMMIT')
        return result
      } catch (error) {
        // SQLite has rolled back by itself after some errors (full disk).
        if (this.sqlite.inTransaction) this.sqlite.exec('ROLLBACK')
        throw error
      }
    })
  }
}
