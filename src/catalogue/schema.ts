import Database from 'better-sqlite3'

import { CatalogueError } from './errors.ts'
import { initialSchema } from './migrations/0001-initial.ts'
import { packReadSchema } from './migrations/0002-pack-read.ts'
import { journalKindSchema } from './migrations/0003-journal-kind.ts'
import { browseSchema } from './migrations/0004-browse.ts'
import { nameKindsSchema } from './migrations/0005-name-kinds.ts'
import { packCountsSchema } from './migrations/0006-pack-counts.ts'
import { pageContentsSchema } from './migrations/0007-page-contents.ts'

/** In order; the schema version (`user_version`) is how many of them a file has seen. */
export const migrations: readonly string[] = [
  initialSchema,
  packReadSchema,
  journalKindSchema,
  browseSchema,
  nameKindsSchema,
  packCountsSchema,
  pageContentsSchema,
]

export const schemaVersion: number = migrations.length

/** `application_id`: "HFct". Tells a catalogue from any other SQLite file. */
const applicationId = 0x48466374

function readSchema(sqlite: Database.Database): string {
  const rows = sqlite
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name')
    .all()
  return JSON.stringify(rows)
}

let expectedSchema: string | undefined

/** What `sqlite_schema` holds after all migrations; made once for each process, in memory. */
function schemaAfterMigrations(): string {
  if (expectedSchema !== undefined) return expectedSchema
  const sqlite = new Database(':memory:')
  try {
    for (const migration of migrations) sqlite.exec(migration)
    expectedSchema = readSchema(sqlite)
    return expectedSchema
  } finally {
    sqlite.close()
  }
}

function versionOf(sqlite: Database.Database): number {
  return sqlite.pragma('user_version', { simple: true }) as number
}

function refuse(path: string, fault: 'newer' | 'damaged', state: string): never {
  throw new CatalogueError(fault, `Cannot open the catalogue "${path}": ${state}`, { path })
}

/** @returns The schema version; 0 for an empty file. */
function checkedVersion(sqlite: Database.Database, path: string): number {
  const version = versionOf(sqlite)
  const application = sqlite.pragma('application_id', { simple: true }) as number
  const isEmpty = version === 0 && application === 0 && readSchema(sqlite) === '[]'
  if (isEmpty) return 0
  if (application !== applicationId) refuse(path, 'damaged', 'the file is not a Holdfast catalogue')
  if (version > schemaVersion) {
    refuse(path, 'newer', `it has version ${version}, this program knows ${schemaVersion}`)
  }
  return version
}

/**
 * Brings a file to the current schema and makes sure that it holds nothing else.
 *
 * A file that was put in place by someone else may hold triggers or views of the right names; so
 * the whole schema is compared with what the migrations give before any statement of ours runs on
 * it.
 *
 * @throws {CatalogueError} `newer` or `damaged`
 */
export function prepareSchema(sqlite: Database.Database, path: string): void {
  // On one state of the file: another process may be making the tables at this moment.
  let version = sqlite.transaction(() => checkedVersion(sqlite, path))()
  if (version < schemaVersion && !sqlite.readonly) {
    sqlite
      .transaction(() => {
        // Another process may have migrated while this one waited for the lock.
        version = checkedVersion(sqlite, path)
        for (const migration of migrations.slice(version)) sqlite.exec(migration)
        sqlite.pragma(`application_id = ${applicationId}`)
        sqlite.pragma(`user_version = ${schemaVersion}`)
      })
      .immediate()
  }
  if (readSchema(sqlite) !== schemaAfterMigrations())
    refuse(path, 'damaged', 'its tables are not as they should be')
}
