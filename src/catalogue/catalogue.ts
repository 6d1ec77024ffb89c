import type { Statement } from 'better-sqlite3'

import { rmSync } from 'node:fs'

import type { ObjectId } from '../model/ids.ts'
import { BlobTable } from './blob-table.ts'
import { CatalogueDatabase } from './database.ts'
import type { DatabaseOptions } from './database.ts'
import { dumpDatabase } from './dump.ts'
import { catalogueError } from './errors.ts'
import { forgetSharedMemory, isSharedMemory } from './shared-memory.ts'
import { IndexObjectTable } from './index-object-table.ts'
import { JournalTable } from './journal-table.ts'
import { ParityTable } from './parity-table.ts'
import { PackReadTable } from './pack-read-table.ts'
import { SnapshotTable } from './snapshot-table.ts'
import { StatisticsCache } from './statistics-cache.ts'
import { TreeSearch } from './tree-search.ts'
import { TreeTable } from './tree-table.ts'

export type CatalogueOptions = DatabaseOptions

/** Kinds of objects that the catalogue follows, with the tables that know them. */
const objectTables = {
  packs: 'pack',
  index: 'index_object',
  snapshots: 'snapshot',
  journal: 'journal',
  parity: 'parity_object',
} as const
export type CataloguedKind = keyof typeof objectTables

const clearedTables = [
  'blob',
  'segment',
  'pack_in_index',
  'pack',
  'index_object',
  'page_content',
  'page_reference',
  'tree_page',
  'name_list',
  'snapshot',
  'journal',
  'parity_object',
  'pack_read',
  'statistics_cache',
  'meta',
] as const

/**
 * Opens the catalogue and brings it to the current schema; makes it when there is none.
 *
 * @param path A file, made with mode 0600; `:memory:`; or `memory:` with a name, which is the same
 *   for all who open it in this process.
 * @throws {CatalogueError} `isRebuildable` says whether deleting the file and building it anew
 *   helps.
 */
export function openCatalogue(path: string, options: CatalogueOptions = {}): Catalogue {
  const database = new CatalogueDatabase(path, options)
  return database.begin(() => new Catalogue(database))
}

/**
 * Deletes a catalogue that has to be built anew. The file goes before its log: SQLite throws away a
 * log without a file, but a file without its log may be an old state that looks whole. Only when no
 * other process has it open (an exclusive lock), because a process that closes the old file removes
 * the log of the new one.
 *
 * @throws {CatalogueError}
 */
export function deleteCatalogue(path: string): void {
  if (isSharedMemory(path)) return forgetSharedMemory(path)
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  } catch (error) {
    throw catalogueError('delete files', path, error)
  }
}

/**
 * The SQLite view of the objects: every look-up, and no truth of its own. All methods are
 * synchronous and throw `CatalogueError`.
 */
export class Catalogue {
  readonly blobs: BlobTable
  readonly indexObjects: IndexObjectTable
  readonly snapshots: SnapshotTable
  readonly trees: TreeTable
  readonly search: TreeSearch
  readonly statisticsCache: StatisticsCache
  readonly journal: JournalTable
  readonly parity: ParityTable
  readonly packReads: PackReadTable
  readonly #database: CatalogueDatabase
  readonly #ownChanges: Statement<[], number>

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.#ownChanges = database.sqlite.prepare<[], number>('SELECT total_changes()').pluck()
    this.blobs = new BlobTable(database)
    this.indexObjects = new IndexObjectTable(database)
    this.snapshots = new SnapshotTable(database)
    this.trees = new TreeTable(database)
    this.search = new TreeSearch(database)
    this.statisticsCache = new StatisticsCache(database)
    this.journal = new JournalTable(database)
    this.parity = new ParityTable(database)
    this.packReads = new PackReadTable(database)
  }

  /** Absolute path, or `:memory:`. */
  get path(): string {
    return this.#database.path
  }

  /**
   * Makes several changes one: all are durable when it returns, none happened when it throws. What
   * throws inside must leave `change` too, because a part of it may have been done.
   */
  transaction<T>(change: () => T): T {
    return this.#database.write('change tables', change)
  }

  /**
   * Ids of the objects of one kind that were taken in, to be compared with a listing of the
   * storage.
   */
  objectIds(kind: CataloguedKind): Set<ObjectId> {
    return this.#database.guard('list objects', () => {
      const { sqlite } = this.#database
      const query = sqlite.prepare<[], ObjectId>(`SELECT lower(hex(id)) FROM ${objectTables[kind]}`)
      return new Set(query.pluck().all())
    })
  }

  /**
   * Names of the same objects in the storage, in ascending order, as one text: a fifth of the time where there are tens of thousands.
   */
  namesInOrder(kind: CataloguedKind): string {
    return this.#database.guard('list objects', () => {
      const { sqlite } = this.#database
      // `ORDER BY` within the function would sort once more what the index gives in order; the folder is what stands between two ids.
      const names = `
        SELECT '${kind}/' || lower(group_concat(hex(id), '${kind}/'))
        FROM (SELECT id FROM ${objectTables[kind]} ORDER BY id)`
      return sqlite.prepare<[], string | null>(names).pluck().get() ?? ''
    })
  }

  /**
   * Differs after any change, by this process or another one: what was computed from the catalogue holds for as long as it stays the same.
   */
  version(): string {
    return this.#database.guard('read the version', () => {
      const { sqlite } = this.#database
      const others = String(sqlite.pragma('data_version', { simple: true }))
      return `${others} ${String(this.#ownChanges.get())}`
    })
  }

  /**
   * A short fact about the repository, such as its id, that tells whether the file belongs to it.
   */
  readMeta(key: string): string | undefined {
    return this.#database.guard('read a fact', () => {
      const { sqlite } = this.#database
      return sqlite
        .prepare<[string], string>('SELECT value FROM meta WHERE key = ?')
        .pluck()
        .get(key)
    })
  }

  writeMeta(key: string, value: string): void {
    this.#database.write('write a fact', () => {
      const { sqlite } = this.#database
      sqlite.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value)
    })
  }

  /**
   * Removes every row. Within a `transaction` that takes everything in again, other processes never
   * see a half-built state.
   */
  clear(): void {
    this.#database.write('clear tables', () => {
      for (const table of clearedTables) this.#database.sqlite.exec(`DELETE FROM ${table}`)
    })
  }

  /**
   * Removes every row and takes everything in again, in one transaction: until it ends, others read what was there before, and wait when
   * they want to write. When it throws, nothing happened.
   *
   * @param takeIn Takes in everything; nothing else may use this catalogue meanwhile.
   */
  async rebuild<T>(takeIn: () => Promise<T>): Promise<T> {
    const { sqlite } = this.#database
    this.#database.guard('begin a rebuild', () => sqlite.exec('BEGIN IMMEDIATE'))
    try {
      this.clear()
      const result = await takeIn()
      this.#database.guard('end a rebuild', () => sqlite.exec('COMMIT'))
      return result
    } catch (error) {
      if (sqlite.inTransaction) sqlite.exec('ROLLBACK')
      throw error
    }
  }

  /** The whole content as lines that are equal after a rebuild (`dumpDatabase`). */
  dump(): Generator<string> {
    return dumpDatabase(this.#database)
  }

  /**
   * Reads the whole file and checks its structure.
   *
   * @returns What is wrong, empty when nothing is.
   */
  check(): string[] {
    return this.#database.guard('check tables', () => {
      const { sqlite } = this.#database
      const found = sqlite.prepare<[], string>('PRAGMA integrity_check(100)').pluck().all()
      return found.length === 1 && found[0] === 'ok' ? [] : found
    })
  }

  /**
   * Reads the whole file and checks the structure of its pages, but not whether indexes and tables agree, which takes three times as long:
   * enough for a file that is cleared.
   */
  isReadable(): boolean {
    return this.#database.guard('check pages', () => {
      const { sqlite } = this.#database
      return sqlite.prepare<[], string>('PRAGMA quick_check(1)').pluck().get() === 'ok'
    })
  }

  /** Moves the log into the file and closes; safe to call twice. */
  close(): void {
    this.#database.close()
  }
}
