import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import { initialSchema } from '../../../src/catalogue/migrations/0001-initial.ts'
import { packReadSchema } from '../../../src/catalogue/migrations/0002-pack-read.ts'
import { journalKindSchema } from '../../../src/catalogue/migrations/0003-journal-kind.ts'
import { browseSchema } from '../../../src/catalogue/migrations/0004-browse.ts'
import { nameKindsSchema } from '../../../src/catalogue/migrations/0005-name-kinds.ts'
import type { NewTreePage } from '../../../src/catalogue/tree-table.ts'
import { dataPack, idOf, objectIdOf, pageOf } from './catalogue-fixtures.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const directory = 0o040755
const pages = [
  pageOf('files', [{ name: 'a' }, { name: 'b' }]),
  pageOf('the same names', [{ name: 'a', size: 5 }, { name: 'b' }]),
  pageOf('a directory of that name', [{ name: 'a' }, { name: 'b', mode: directory }]),
  pageOf('that once more', [
    { name: 'a', size: 7 },
    { name: 'b', mode: directory },
  ]),
  pageOf('others', [
    { name: 'fifo', mode: 0o010600 },
    { name: 'link', mode: 0o120777 },
    { name: Buffer.from([0xff]) },
  ]),
  pageOf('empty', []),
  pageOf('above', [{ name: 'a', mode: 0, children: [idOf('files')] }], 1),
]

/** What the fourth version of the schema held for these pages. */
function makeFourth(path: string, added: readonly NewTreePage[]): void {
  const sqlite = new Database(path)
  for (const schema of [initialSchema, packReadSchema, journalKindSchema, browseSchema]) {
    sqlite.exec(schema)
  }
  sqlite.pragma('application_id = 0x48466374')
  sqlite.pragma('user_version = 4')
  const rowOfNames = new Map<string, number | bigint>()
  const insertNames = sqlite.prepare('INSERT INTO tree_names (digest, names) VALUES (?, ?)')
  const insertPage = sqlite.prepare(
    'INSERT INTO tree_page (id, level, bytes, entries, names) VALUES (?, ?, ?, ?, ?)',
  )
  const insertEntry = sqlite.prepare('INSERT INTO tree_entry VALUES (?, ?, ?, ?, 0, 0, ?)')
  for (const { id, page } of added) {
    const { bytes, nameOffsets, entryCount, level } = page
    const names = Array.from({ length: entryCount }, (_, index) =>
      bytes.subarray(nameOffsets[index], nameOffsets[index + 1]),
    )
    const nul = Buffer.alloc(1)
    const list = Buffer.concat([nul, ...names.flatMap((name) => [name, nul])])
    const key = list.toString('latin1')
    let row = level === 0 && entryCount > 0 ? rowOfNames.get(key) : null
    if (row === undefined) {
      const digest = createHash('sha256').update(list).digest()
      row = insertNames.run(digest, list).lastInsertRowid
      rowOfNames.set(key, row)
    }
    const pageRow = insertPage.run(id, level, bytes.length, entryCount, row).lastInsertRowid
    for (const [index, name] of names.entries()) {
      const child = level === 0 ? null : idOf('files')
      insertEntry.run(pageRow, name, page.mode(index), page.sizeOf(index), child)
    }
  }
  sqlite.close()
}

it('gives lists of names of before their kinds, as taking the pages in anew would', () => {
  const path = join(folder, 'catalogue.db')
  makeFourth(path, pages)
  const migrated = openCatalogue(path)
  const anew = openCatalogue(':memory:')
  anew.trees.add(pages)
  expect([...migrated.dump()]).toEqual([...anew.dump()])
  expect(migrated.check()).toEqual([])
  const lists = [...migrated.search.nameLists({ literal: null, onlyMixed: false })]
  expect(lists.map(([, , kinds]) => kinds).sort()).toEqual(['', '1a8', '84'])
  const pagesOf = (kinds: string): number =>
    lists.flatMap(([row, , of]) => (of === kinds ? migrated.search.pagesOfNames(row) : [])).length
  expect([pagesOf(''), pagesOf('84'), pagesOf('1a8')]).toEqual([2, 2, 1])
  migrated.close()
  anew.close()
})

it('counts what is in the packs of before, as taking them in anew would', () => {
  const path = join(folder, 'catalogue.db')
  const packs = [dataPack('a', 25), dataPack('b', 1), dataPack('none', 0)]
  const sqlite = new Database(path)
  for (const schema of [
    initialSchema,
    packReadSchema,
    journalKindSchema,
    browseSchema,
    nameKindsSchema,
  ]) {
    sqlite.exec(schema)
  }
  sqlite.pragma('application_id = 0x48466374')
  sqlite.pragma('user_version = 5')
  const anew = openCatalogue(':memory:')
  anew.indexObjects.add(objectIdOf('index'), packs)
  sqlite.prepare('INSERT INTO index_object (row, id) VALUES (1, ?)').run(idOf('index'))
  for (const [index, { packId, salt, packBytes, trailer }] of packs.entries()) {
    const row = index + 1
    sqlite
      .prepare('INSERT INTO pack VALUES (?, ?, ?, ?)')
      .run(row, Buffer.from(packId, 'hex'), salt, packBytes)
    sqlite.prepare('INSERT INTO pack_in_index VALUES (1, ?)').run(row)
    const anewRow = anew.blobs.packById(packId)?.row ?? 0
    for (const segment of anew.blobs.segments(anewRow)) {
      const { number, offset, payloadBytes, plainBytes, codec, kind } = segment
      sqlite
        .prepare('INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(row, number, offset, payloadBytes, plainBytes, codec, kind)
    }
    for (let blob = 0; blob < trailer.blobLengths.length; blob++) {
      const id = Buffer.from(trailer.ids.subarray(blob * 32, (blob + 1) * 32))
      const place = anew.blobs.find(id)
      sqlite
        .prepare('INSERT INTO blob VALUES (?, ?, ?, ?, ?)')
        .run(id, row, place?.segment, place?.offset, place?.length)
    }
  }
  sqlite.close()
  const migrated = openCatalogue(path)
  expect([...migrated.dump()]).toEqual([...anew.dump()])
  expect(migrated.blobs.totals()).toEqual(anew.blobs.totals())
  expect(migrated.blobs.totals()).toMatchObject({ packs: 3, blobs: 26, uniqueBytes: 325 + 1 })
  expect(migrated.check()).toEqual([])
  migrated.close()
  anew.close()
})
