import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { describeDamage } from '../support/repositories.ts'
import { hostileWorld, type HostileWorld } from './hostile-world.ts'

type Attack = (database: Database.Database) => void

/** Each would leave a row in `trace` or throw `ran` when any of its SQL were run. */
const attacks: Readonly<Record<string, Attack>> = {
  'a trigger on every table': (database) => {
    const tables = database
      .prepare<[], string>(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`,
      )
      .pluck()
      .all()
    database.exec('CREATE TABLE trace (text)')
    for (const table of tables) {
      for (const moment of ['INSERT', 'UPDATE', 'DELETE']) {
        database.exec(
          `CREATE TRIGGER t_${table}_${moment} AFTER ${moment} ON ${table} BEGIN INSERT INTO trace VALUES ('ran'); DELETE FROM blob; END`,
        )
      }
    }
  },
  'a view in place of a table': (database) => {
    database.exec(`DROP TABLE snapshot; CREATE VIEW snapshot AS SELECT
      randomblob(32) AS id, load_extension('/tmp/x') AS backup_id, 1 AS started_at_ms`)
  },
  'a view that never ends': (database) => {
    database.exec(`DROP TABLE meta; CREATE VIEW meta AS
      WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n) SELECT value AS key, value FROM n`)
  },
  'a generated column': (database) => {
    database.exec(
      `DROP TABLE meta; CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT AS (zeroblob(1000000000))) `,
    )
  },
  'an index on an expression': (database) => {
    database.exec('CREATE INDEX expression ON snapshot (abs(row))')
  },
  'a table of another shape': (database) => {
    database.exec('ALTER TABLE pack ADD COLUMN evil TEXT DEFAULT (1)')
  },
  'a missing table': (database) => {
    database.exec('DROP TABLE segment')
  },
  'a schema that cannot be parsed': (database) => {
    database.unsafeMode(true)
    database.pragma('writable_schema = ON')
    database.exec(`UPDATE sqlite_schema SET sql = 'CREATE TABLE meta (' WHERE name = 'meta'`)
  },
  'a later version': (database) => {
    database.pragma('user_version = 9999')
  },
  'another program as its owner': (database) => {
    database.pragma('application_id = 1')
  },
}

async function withFile(world: HostileWorld, id: string): Promise<void> {
  const startedAtMs = performance.now()
  const repository = await world.open()
  expect(performance.now() - startedAtMs).toBeLessThan(30_000)
  expect(engine.listSnapshots(repository).map((snapshot) => snapshot.id)).toEqual([id])
  expect(describeDamage(await engine.verify(repository, {}))).toEqual([])
  const { path } = repository.catalogue
  await repository.close()
  const database = new Database(path, { readonly: true })
  const others = database
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') OR name = 'trace'`,
    )
    .pluck()
    .all()
  database.close()
  expect(others).toEqual([])
}

describe('a catalogue file that somebody has put in the place of ours', () => {
  it.each(Object.entries(attacks))(
    'is made anew, and none of its SQL is run: %s',
    async (_what, attack) => {
      const world = await hostileWorld()
      const { forge, test } = world
      const id = forge.snapshot(forge.directory([forge.fileEntry('file', 'content')]))
      await (await world.open()).close()
      const database = new Database(join(test.location, 'catalogue.db'))
      attack(database)
      database.close()
      await withFile(world, id)
    },
  )

  it.each([
    ['of no sense', Buffer.alloc(100_000, 0xff)],
    ['of nothing', Buffer.alloc(0)],
    [
      'with a true beginning only',
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(84)]),
    ],
  ])('is made anew when it is %s', async (_what, bytes) => {
    const world = await hostileWorld()
    const { forge, test } = world
    const id = forge.snapshot(forge.directory([forge.fileEntry('file', 'content')]))
    await (await world.open()).close()
    const path = join(test.location, 'catalogue.db')
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
    writeFileSync(path, bytes)
    await withFile(world, id)
  })

  it('is made anew when its header counts a billion pages', async () => {
    const world = await hostileWorld()
    const { forge, test } = world
    const id = forge.snapshot(forge.directory([forge.fileEntry('file', 'content')]))
    await (await world.open()).close()
    const path = join(test.location, 'catalogue.db')
    const { readFileSync } = await import('node:fs')
    const bytes = readFileSync(path)
    bytes.writeUInt32BE(1_000_000_000, 28)
    bytes.writeUInt32BE(999_999_999, 32)
    bytes.writeUInt32BE(999_999_999, 36)
    writeFileSync(path, bytes)
    await withFile(world, id)
  })
})
