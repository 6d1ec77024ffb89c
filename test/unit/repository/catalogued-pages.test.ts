import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue, type Catalogue } from '../../../src/catalogue/catalogue.ts'
import { CatalogueError } from '../../../src/catalogue/errors.ts'
import { decodeTreePage } from '../../../src/format/tree/tree-page.ts'
import { CataloguedPages } from '../../../src/repository/catalogued-pages.ts'
import { PagePacker, PageUnpacker } from '../../../src/repository/page-packing.ts'
import { idOf } from '../catalogue/catalogue-fixtures.ts'
import {
  encodeRawPage,
  rawChild,
  rawDirectory,
  rawEntry,
  type RawEntry,
} from '../format/tree/tree-fixture.ts'

let folder: string
let path: string
let catalogue: Catalogue

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-pages-'))
  path = join(folder, 'catalogue.db')
  catalogue = openCatalogue(path)
})

afterEach(() => {
  catalogue.close()
  rmSync(folder, { recursive: true })
})

const packer = new PagePacker()

/** @returns the page's row */
function put(id: string, entries: readonly RawEntry[], level = 0): number {
  const bytes = encodeRawPage(entries, level)
  const content = packer.pack(bytes)
  catalogue.trees.add([{ id: idOf(id), page: decodeTreePage(bytes), content }])
  return catalogue.search.rowOf(idOf(id)) ?? 0
}

function nameAt(number: number): string {
  return `name ${String(number).padStart(4, '0')}`
}

describe('pages of the catalogue', () => {
  it('give the facts of an entry', () => {
    const row = put('page', [
      rawEntry('empty'),
      rawEntry(Buffer.from([0x66, 0xff]), {
        size: 1_000_000n,
        mtime: -5n,
        mtimeNs: 999_999_999,
        chunks: [[1_000_000n, idOf('chunk')]],
      }),
      rawEntry('two', {
        size: 9n,
        chunks: [
          [4n, idOf('first')],
          [5n, idOf('second')],
        ],
      }),
    ])
    const pages = new CataloguedPages(catalogue)
    expect(pages.entry(row, Buffer.from([0x66, 0xff]))).toEqual({
      mode: 0o100644,
      size: 1_000_000,
      mtimeSeconds: -5,
      mtimeNs: 999_999_999,
      content: idOf('chunk'),
    })
    expect(pages.entry(row, Buffer.from('empty'))?.content).toBeNull()
    const lengths = Buffer.alloc(16)
    lengths.writeUInt32LE(4, 0)
    lengths.writeUInt32LE(5, 4)
    const digest = createHash('sha256').update(idOf('first')).update(idOf('second')).update(lengths)
    expect(pages.entry(row, Buffer.from('two'))?.content).toEqual(digest.digest())
    expect(pages.entry(row, Buffer.from('none'))).toBeUndefined()
    expect(pages.entry(row + 1, Buffer.from('two'))).toBeUndefined()
  })

  it('lead to directories, and to nothing by what is none', () => {
    const below = put('below', [rawEntry('file')])
    const row = put('page', [
      rawDirectory('directory', { size: 7n, chunks: [[24n, idOf('below')]] }),
      rawEntry('file', { size: 1n, chunks: [[1n, idOf('below')]] }),
      rawDirectory('lost', { chunks: [[24n, idOf('not in the catalogue')]] }),
    ])
    const pages = new CataloguedPages(catalogue)
    expect(pages.childOf(row, Buffer.from('directory'))).toBe(below)
    expect(pages.childOf(row, Buffer.from('file'))).toBeUndefined()
    expect(pages.childOf(row, Buffer.from('lost'))).toBeUndefined()
    expect(pages.childOf(row, Buffer.from('none'))).toBeUndefined()
    expect(pages.children(row)).toEqual([
      { name: Buffer.from('directory'), mode: 0o040755, size: 7, child: below },
      { name: Buffer.from('lost'), mode: 0o040755, size: 0, child: null },
    ])
    expect(pages.children(0)).toEqual([])
  })

  it('are gone down in a directory of several levels', () => {
    const target = put('target', [rawEntry('x')])
    const leaves = [0, 1, 2].map((leaf) => {
      const entries = Array.from({ length: 200 }, (_, index) => {
        const name = nameAt(leaf * 200 + index)
        return index === 77
          ? rawDirectory(name, { chunks: [[24n, idOf('target')]] })
          : rawEntry(name, { mtime: BigInt(leaf * 200 + index) })
      })
      put(`leaf ${leaf}`, entries)
      return rawChild(nameAt(leaf * 200), 200n, 24n, idOf(`leaf ${leaf}`))
    })
    put('middle', leaves, 1)
    const top = put('top', [rawChild(nameAt(0), 600n, 24n, idOf('middle'))], 2)
    const pages = new CataloguedPages(catalogue)
    for (const number of [0, 199, 200, 399, 400, 599]) {
      expect(pages.stepDown(top, Buffer.from(nameAt(number)))?.mtimeSeconds).toBe(number)
    }
    expect(pages.stepDown(top, Buffer.from(nameAt(277)))?.child).toBe(target)
    expect(pages.stepDown(top, Buffer.from('a'))).toBeUndefined()
    expect(pages.stepDown(top, Buffer.from(nameAt(600)))).toBeUndefined()
    expect(pages.stepDown(0, Buffer.from(nameAt(1)))).toBeUndefined()
  })

  it.each([
    ['what is no frame', Buffer.from('something else')],
    ['nothing', Buffer.alloc(0)],
    ['a page cut short', encodeRawPage([rawEntry('a')]).subarray(0, -1)],
    ['another frame', Buffer.from(packer.pack(encodeRawPage(manyEntries(300))))],
  ])('say that the catalogue is to be made anew when there is %s', (_, content) => {
    const row = put('page', manyEntries(200))
    const sqlite = new Database(path)
    sqlite.prepare('UPDATE page_content SET content = ? WHERE page = ?').run(content, row)
    sqlite.close()
    let error: unknown
    try {
      new CataloguedPages(catalogue).page(row)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(CatalogueError)
    expect(error).toMatchObject({ fault: 'damaged', isRebuildable: true })
    expect((error as CatalogueError).message).toContain(path)
  })
})

function manyEntries(count: number): RawEntry[] {
  return Array.from({ length: count }, (_, index) => rawEntry(nameAt(index), { inode: 5n }))
}

describe('packing of pages', () => {
  it.each([0, 1, 3, 1_000])('gives a page of %i entries back', (count) => {
    const bytes = encodeRawPage(manyEntries(count))
    const content = Buffer.from(packer.pack(bytes))
    if (count > 100) expect(content.length).toBeLessThan(bytes.length / 4)
    expect(new PageUnpacker().unpack(content, bytes.length)).toEqual(bytes)
  })
})
