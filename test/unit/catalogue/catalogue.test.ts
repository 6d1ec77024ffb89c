import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { deleteCatalogue, openCatalogue } from '../../../src/catalogue/catalogue.ts'
import { CatalogueDatabase } from '../../../src/catalogue/database.ts'
import { CatalogueError } from '../../../src/catalogue/errors.ts'
import { schemaVersion } from '../../../src/catalogue/schema.ts'
import { dataPack, objectIdOf, pageOf, snapshotOf } from './catalogue-fixtures.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-catalogue-'))
  path = join(folder, 'catalogue.db')
})

afterEach(() => rmSync(folder, { recursive: true }))

function faultOf(work: () => unknown): string {
  try {
    work()
    return 'no error'
  } catch (error) {
    if (!(error instanceof CatalogueError)) return String(error)
    expect(error.code).toBe('CATALOGUE_FAILED')
    expect(error.remedy).not.toBe('')
    return `${error.fault}${error.isRebuildable ? ', rebuildable' : ''}`
  }
}

/** A catalogue with 5,000 blobs, so that it has pages to be damaged. */
function makeCatalogue(): void {
  const catalogue = openCatalogue(path)
  catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 5_000)])
  catalogue.close()
}

function changeWithSql(sql: string): void {
  const sqlite = new Database(path)
  sqlite.exec(sql)
  sqlite.close()
}

describe('openCatalogue()', () => {
  it('makes the files with mode 0600 under the umask 000', () => {
    const before = process.umask(0)
    try {
      const catalogue = openCatalogue(path)
      catalogue.writeMeta('a', 'b')
      for (const suffix of ['', '-wal', '-shm']) {
        expect(statSync(path + suffix).mode & 0o777).toBe(0o600)
      }
      catalogue.close()
    } finally {
      process.umask(before)
    }
  })

  it('takes group and others off a file that was copied with other rights', () => {
    writeFileSync(path, '', { mode: 0o644 })
    openCatalogue(path).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('keeps what was written, and leaves one file when it is closed', () => {
    makeCatalogue()
    expect(existsSync(`${path}-wal`)).toBe(false)
    const catalogue = openCatalogue(path)
    expect(catalogue.blobs.count()).toBe(5_000)
    expect(catalogue.check()).toEqual([])
    catalogue.close()
    catalogue.close()
  })

  it('opens for reading only', () => {
    makeCatalogue()
    const catalogue = openCatalogue(path, { readOnly: true })
    expect(catalogue.blobs.count()).toBe(5_000)
    expect(faultOf(() => catalogue.writeMeta('a', 'b'))).toBe('failed')
    catalogue.close()
    rmSync(path)
    expect(faultOf(() => openCatalogue(path, { readOnly: true }))).toBe('missing, rebuildable')
    expect(existsSync(path)).toBe(false)
  })

  it('has the settings that durability, safety and flat memory rest on', () => {
    const database = new CatalogueDatabase(path)
    const settings = Object.fromEntries(
      [
        'journal_mode',
        'synchronous',
        'trusted_schema',
        'cell_size_check',
        'mmap_size',
        'cache_size',
        'busy_timeout',
        'temp_store',
      ].map((name) => [name, database.sqlite.pragma(name, { simple: true })]),
    )
    expect(settings).toEqual({
      journal_mode: 'wal',
      synchronous: 2,
      trusted_schema: 0,
      cell_size_check: 1,
      mmap_size: 0,
      cache_size: -16_384,
      busy_timeout: 30_000,
      temp_store: 2,
    })
    database.close()
  })

  it('works in memory', () => {
    const catalogue = openCatalogue(':memory:')
    catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 3)])
    expect(catalogue.blobs.count()).toBe(3)
    catalogue.close()
  })

  it('takes a relative path that looks like an address for a path', () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      openCatalogue('file:x?mode=memory').close()
      expect(existsSync(join(folder, 'file:x?mode=memory'))).toBe(true)
    } finally {
      process.chdir(before)
    }
  })

  describe('refuses', () => {
    it('a catalogue of a newer version', () => {
      makeCatalogue()
      changeWithSql(`PRAGMA user_version = ${schemaVersion + 1}`)
      expect(faultOf(() => openCatalogue(path))).toBe('newer, rebuildable')
    })

    it('a file that is no database', () => {
      writeFileSync(path, 'x'.repeat(10_000))
      expect(faultOf(() => openCatalogue(path))).toBe('damaged, rebuildable')
    })

    it('a database of another program', () => {
      changeWithSql('CREATE TABLE other (a)')
      expect(faultOf(() => openCatalogue(path))).toBe('damaged, rebuildable')
    })

    it('a file whose first page is damaged', () => {
      makeCatalogue()
      const bytes = readFileSync(path)
      bytes.fill(0xff, 100, 200)
      writeFileSync(path, bytes)
      expect(faultOf(() => openCatalogue(path))).toBe('damaged, rebuildable')
    })

    it.each([
      ['trigger', 'CREATE TRIGGER t AFTER INSERT ON blob BEGIN DELETE FROM snapshot; END'],
      ['view', 'CREATE VIEW v AS SELECT 1'],
      ['column', 'ALTER TABLE pack ADD COLUMN other'],
      ['index', 'CREATE INDEX i ON blob (pack)'],
      ['table in place of another', 'DROP TABLE journal; CREATE TABLE journal (a)'],
    ])('a %s that is not ours', (_kind, sql) => {
      makeCatalogue()
      changeWithSql(sql)
      expect(faultOf(() => openCatalogue(path))).toBe('damaged, rebuildable')
    })

    it('a symbolic link, a folder and a fifo, without waiting for a writer', () => {
      makeCatalogue()
      const link = join(folder, 'link.db')
      symlinkSync(path, link)
      const fifo = join(folder, 'fifo.db')
      execFileSync('mkfifo', [fifo])
      for (const other of [link, fifo, folder]) {
        expect(faultOf(() => openCatalogue(other))).toBe('damaged, rebuildable')
      }
    })

    it('a path in a folder that does not exist', () => {
      expect(faultOf(() => openCatalogue(join(folder, 'none/catalogue.db')))).toBe('failed')
    })
  })

  it('types the damage that it meets later', () => {
    makeCatalogue()
    const size = statSync(path).size
    truncateSync(path, 8192)
    appendFileSync(path, Buffer.alloc(size - 8192, 0xa5))
    const read = (): void => {
      const catalogue = openCatalogue(path)
      try {
        catalogue.blobs.findMany(dataPack('a', 5_000).trailer.ids)
      } finally {
        catalogue.close()
      }
    }
    expect(faultOf(read)).toBe('damaged, rebuildable')
  })
})

describe('deleteCatalogue()', () => {
  it('removes the file with its log, and succeeds when there is none', () => {
    const left = openCatalogue(path)
    left.writeMeta('a', 'b')
    expect(readdirSync(folder)).toEqual(['catalogue.db', 'catalogue.db-shm', 'catalogue.db-wal'])
    deleteCatalogue(path)
    deleteCatalogue(path)
    expect(readdirSync(folder)).toEqual([])
    left.close()
  })

  it('may leave the log behind, which then belongs to no catalogue', () => {
    const left = openCatalogue(path)
    left.writeMeta('a', 'b')
    const log = readFileSync(`${path}-wal`)
    left.close()
    deleteCatalogue(path)
    writeFileSync(`${path}-wal`, log)
    const catalogue = openCatalogue(path)
    expect([...catalogue.dump()]).toEqual([])
    catalogue.close()
  })
})

describe('Catalogue', () => {
  it('keeps facts', () => {
    const catalogue = openCatalogue(path)
    expect(catalogue.readMeta('repositoryId')).toBeUndefined()
    catalogue.writeMeta('repositoryId', 'one')
    catalogue.writeMeta('repositoryId', 'two')
    expect(catalogue.readMeta('repositoryId')).toBe('two')
    catalogue.close()
  })

  it('takes back all of a transaction that throws', () => {
    const catalogue = openCatalogue(path)
    const change = (): void =>
      catalogue.transaction(() => {
        catalogue.snapshots.add(snapshotOf('a'))
        catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 40)])
        throw new Error('on the way')
      })
    expect(change).toThrow('on the way')
    expect([...catalogue.dump()]).toEqual([])
    catalogue.snapshots.add(snapshotOf('a'))
    expect(catalogue.snapshots.count()).toBe(1)
    catalogue.close()
  })

  it('knows the ids of the objects of each kind', () => {
    const catalogue = openCatalogue(path)
    catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 1), dataPack('b', 1)])
    catalogue.snapshots.add(snapshotOf('a'))
    catalogue.journal.add(objectIdOf('j'), { version: 1, kind: 'failure', atMs: 1 })
    expect(catalogue.objectIds('index')).toEqual(new Set([objectIdOf('index')]))
    expect(catalogue.objectIds('packs')).toEqual(
      new Set([objectIdOf('pack a'), objectIdOf('pack b')]),
    )
    expect(catalogue.namesInOrder('packs')).toBe(
      [objectIdOf('pack a'), objectIdOf('pack b')]
        .map((id) => `packs/${id}`)
        .sort()
        .join(''),
    )
    expect(catalogue.namesInOrder('parity')).toBe('')
    expect(catalogue.objectIds('snapshots')).toEqual(new Set([objectIdOf('snapshot a')]))
    expect(catalogue.objectIds('journal')).toEqual(new Set([objectIdOf('j')]))
    catalogue.close()
  })

  it('dumps equal lines after a rebuild in another order', () => {
    const first = openCatalogue(path)
    const second = openCatalogue(':memory:')
    const steps = (catalogue: typeof first): (() => unknown)[] => [
      () => catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 25), dataPack('b', 3)]),
      () => catalogue.indexObjects.add(objectIdOf('i2'), [dataPack('b', 3), dataPack('c', 12)]),
      () => catalogue.trees.add([pageOf('p1', [{ name: 'x' }, { name: 'y' }])]),
      () =>
        catalogue.trees.add([
          pageOf('p2', [{ name: 'z', mode: 0o040755, children: [objectIdBytes('p1')] }]),
        ]),
      () => catalogue.snapshots.add(snapshotOf('a')),
      () => catalogue.snapshots.add(snapshotOf('b')),
      () => catalogue.journal.add(objectIdOf('j'), { version: 1, kind: 'deletion', atMs: 5 }),
    ]
    for (const step of steps(first)) step()
    for (const step of steps(second).reverse()) step()
    const lines = [...first.dump()]
    expect(lines).toEqual([...second.dump()])
    expect(lines).toHaveLength(2 + 3 + 4 + (3 + 1 + 2) + 40 + 2 + 2 + 2 + (2 + 1) + 1)
    first.close()
    second.close()
  })

  it('is empty after clear(), and takes everything in again', () => {
    makeCatalogue()
    const catalogue = openCatalogue(path)
    const before = [...catalogue.dump()]
    catalogue.transaction(() => {
      catalogue.clear()
      expect([...catalogue.dump()]).toEqual([])
      catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 5_000)])
    })
    expect([...catalogue.dump()]).toEqual(before)
    catalogue.close()
  })
})

function objectIdBytes(text: string): Buffer {
  return Buffer.from(objectIdOf(text), 'hex')
}
