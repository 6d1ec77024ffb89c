import Database from 'better-sqlite3'

interface SharedMemory {
  readonly sqlite: Database.Database
  holders: number
}

/**
 * Databases in the memory of this process by name. SQLite's own shared cache is compiled out of
 * better-sqlite3, so all holders use one connection: they are one thread, and never write inside
 * another's transaction without knowing.
 */
const byName = new Map<string, SharedMemory>()
const byDatabase = new WeakMap<Database.Database, SharedMemory>()

export function isSharedMemory(path: string): boolean {
  return path.startsWith('memory:')
}

/** @param prepare called once for a new database */
export function openSharedMemory(
  name: string,
  prepare: (sqlite: Database.Database) => void,
): Database.Database {
  let shared = byName.get(name)
  if (!shared) {
    const sqlite = new Database(':memory:')
    prepare(sqlite)
    shared = { sqlite, holders: 0 }
    byName.set(name, shared)
    byDatabase.set(sqlite, shared)
  }
  shared.holders += 1
  return shared.sqlite
}

/** The last holder leaves the database where it is: the next one finds what it held. */
export function closeSharedMemory(sqlite: Database.Database): void {
  const shared = byDatabase.get(sqlite)
  if (!shared) return
  shared.holders -= 1
  if (shared.holders === 0 && ![...byName.values()].includes(shared)) sqlite.close()
}

/** The next to open the name gets an empty database; who holds the old one keeps it. */
export function forgetSharedMemory(name: string): void {
  const shared = byName.get(name)
  byName.delete(name)
  if (shared?.holders === 0) shared.sqlite.close()
}
