import { rmSync } from 'node:fs'

import type { ObjectId } from '../model/ids.ts'
import { BlobTable } from './blob-table.ts'
import { CatalogueDatabase } from './database.ts'
import type { DatabaseOptions } from './database.ts'
import { dumpDatabase } from './dump.ts'
import { catalogueError } from './errors.ts'
import { IndexObjectTable } from './index-object-table.ts'
import { JournalTable } from './journal-table.ts'
import { SnapshotTable } from './snapshot-table.ts'
import { TreeTable } from './tree-table.ts'

export type CatalogueOptions = DatabaseOptions

/** Kinds of objects that the catalogue follows, with the tables that know them. */
const objectTables = {
  packs: 'pack',
  index: 'index_object',
  snapshots: 'snapshot',
  journal: 'journal',
} as const
export type CataloguedKind = keyof typeof objectTables

const clearedTables = [
  'blob',
  'segment',
  'pack_in_index',
  'pack',
  'index_object',
  'tree_entry',
  'tree_page',
  'snapshot',
  'journal',
  'meta',
] as const

/**
 * Opens the catalogue and brings it to the current schema; makes it when there is none.
 *
 * @param path A file, made with mode 0600, or `:memory:`.
 * @throws {CatalogueError} `isRebuildable` says whether deleting the file and building it anew
 *   helps.
 */
export function openCatalogue(path: string, options: CatalogueOptions = {}): Catalogue {
  return new Catalogue(new CatalogueDatabase(path, options))
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
  readonly journal: JournalTable
  readonly #database: CatalogueDatabase

  constructor(database: CatalogueDatabase) {
    this.#database = database
    this.blobs = new BlobTable(database)
    this.indexObjects = new IndexObjectTable(database)
    this.snapshots = new SnapshotTable(database)
    this.trees = new TreeTable(database)
    this.journal = new JournalTable(database)
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

  /** Moves the log into the file and closes; safe to call twice. */
  close(): void {
    this.#database.close()
  }
}
