import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import { migrations } from '../../../src/catalogue/schema.ts'
import { dataPack, idOf, objectIdOf, pageOf } from './catalogue-fixtures.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

/** A catalogue of an earlier version with one index object, pack, page and entry, and facts of no index object. */
function makeEarlier(path: string, version: number): void {
  const sqlite = new Database(path)
  for (const schema of migrations.slice(0, version)) sqlite.exec(schema)
  sqlite.pragma('application_id = 0x48466374')
  sqlite.pragma(`user_version = ${version}`)
  const run = (statement: string, ...values: unknown[]): void => {
    sqlite.prepare(statement).run(...values)
  }
  run('INSERT INTO index_object (row, id) VALUES (1, ?)', idOf('index'))
  run('INSERT INTO pack (row, id, salt, bytes) VALUES (7, ?, ?, 100)', idOf('pack'), idOf('salt'))
  run('INSERT INTO pack_in_index VALUES (1, 7)')
  run('INSERT INTO segment VALUES (7, 0, 64, 9, 9, 0, 1)')
  run('INSERT INTO blob VALUES (?, 7, 0, 0, 9)', idOf('page'))
  run('INSERT INTO tree_page (row, id, level, bytes, entries) VALUES (3, ?, 0, 9, 1)', idOf('page'))
  run('INSERT INTO tree_entry VALUES (3, ?, 33188, 5, 0, 0, ?)', Buffer.from('a'), idOf('file'))
  run("INSERT INTO meta VALUES ('repository', 'this one')")
  sqlite.close()
}

it('knows every migration', () => {
  const files = readdirSync(new URL('../../../src/catalogue/migrations/', import.meta.url))
  expect(files).toHaveLength(migrations.length)
})

it.each(migrations.slice(1).map((_, index) => index + 1))(
  'takes a catalogue of version %i: what came from index objects comes in anew, and nothing else is lost',
  (version) => {
    const path = join(folder, 'catalogue.db')
    makeEarlier(path, version)
    const migrated = openCatalogue(path)
    const anew = openCatalogue(':memory:')
    anew.writeMeta('repository', 'this one')
    expect(migrated.objectIds('index').size).toBe(0)
    for (const catalogue of [migrated, anew]) {
      expect(catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 25)])).toBe(true)
      expect(catalogue.trees.add([pageOf('page', [{ name: 'a' }])])).toBe(1)
    }
    expect([...migrated.dump()]).toEqual([...anew.dump()])
    expect(migrated.check()).toEqual([])
    // The row of a pack is never used for another one.
    expect(migrated.blobs.find(idOf('a 0'))?.pack.row).toBeGreaterThan(7)
    migrated.close()
    anew.close()
  },
)
