import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import type { NewTreePage } from '../../../src/catalogue/tree-table.ts'
import { idOf, pageOf } from './catalogue-fixtures.ts'

let catalogue: Catalogue

beforeEach(() => {
  catalogue = openCatalogue(':memory:')
})

afterEach(() => catalogue.close())

const directory = 0o040755

function contentOf(page: string): string | undefined {
  const row = catalogue.search.rowOf(idOf(page))
  return row === undefined ? undefined : catalogue.search.content(row)?.content.toString()
}

describe('trees', () => {
  it('gives back what stands for the content of a page, and its length', () => {
    const page = pageOf('page', [{ name: 'a' }])
    expect(catalogue.trees.add([pageOf('before', []), page])).toBe(2)
    const row = catalogue.search.rowOf(idOf('page')) ?? 0
    expect(catalogue.search.content(row)).toEqual({
      bytes: page.page.bytes.length,
      content: Buffer.from('content of page'),
    })
    expect(catalogue.search.content(row + 1)).toBeUndefined()
  })

  it('reads each content before it asks for the next page, so that one buffer serves for all', () => {
    const shared = Buffer.alloc(4)
    function* pages(): Generator<NewTreePage> {
      for (const name of ['one.', 'two.', 'last']) {
        shared.write(name)
        yield { ...pageOf(name, [{ name: 'a' }]), content: shared }
      }
    }
    catalogue.trees.add(pages())
    expect(['one.', 'two.', 'last'].map(contentOf)).toEqual(['one.', 'two.', 'last'])
  })

  it.each([0, 1, 16, 17, 100])('leads from each of %i directories up to its pages', (count) => {
    const entries = Array.from({ length: count }, (_, index) => ({
      name: `name ${index}`.padEnd(12, '.'),
      mode: directory,
      children: [idOf(`${index}`)],
    }))
    entries.sort((one, other) => (one.name < other.name ? -1 : 1))
    const below = entries.map((_, index) => pageOf(`${index}`, []))
    catalogue.trees.add([pageOf('one', entries), pageOf('two', entries), ...below])
    const rows = ['one', 'two'].map((page) => catalogue.search.rowOf(idOf(page)) ?? 0)
    for (const { name, children } of entries) {
      expect(catalogue.search.parents(catalogue.search.rowOf(children[0]) ?? 0)).toEqual([
        { name: Buffer.from(name), mode: directory, pages: rows },
      ])
    }
    expect([...catalogue.search.pageReferences()]).toHaveLength(2 * count)
  })

  it('takes references of directories and of pages alone', () => {
    const entries = [
      { name: 'directory', mode: directory, children: [idOf('below')] },
      { name: 'file', children: [idOf('below')] },
      { name: 'link', mode: 0o120777 },
      { name: 'lost directory', mode: directory },
    ]
    catalogue.trees.add([
      pageOf('below', []),
      pageOf('page', entries),
      pageOf('above', [{ name: 'directory', mode: 0, children: [idOf('below')] }], 1),
    ])
    const parents = catalogue.search.parents(catalogue.search.rowOf(idOf('below')) ?? 0)
    expect(parents.map(({ name, mode }) => [name.toString(), mode])).toEqual([
      ['directory', 0],
      ['directory', directory],
    ])
    expect([...catalogue.search.pageReferences()]).toHaveLength(2)
  })

  it('passes known pages over', () => {
    catalogue.trees.add([pageOf('page', [{ name: 'a' }])])
    const again = { ...pageOf('page', [{ name: 'b' }]), content: Buffer.from('another') }
    expect(catalogue.trees.add([again, pageOf('new', [{ name: 'c' }])])).toBe(1)
    expect(contentOf('page')).toBe('content of page')
    expect(contentOf('new')).toBe('content of new')
  })

  it('describes a page', () => {
    const page = pageOf('page', [{ name: 'a', mode: 0 }], 2)
    catalogue.trees.add([page])
    expect(catalogue.trees.has(idOf('page'))).toBe(true)
    expect(catalogue.trees.has(idOf('none'))).toBe(false)
    catalogue.trees.add([pageOf('other', [])])
    const ids = Buffer.concat([idOf('page'), idOf('other')])
    expect(catalogue.trees.hasAll(ids)).toBe(true)
    expect(catalogue.trees.hasAll(Buffer.concat([ids, idOf('none')]))).toBe(false)
    expect(catalogue.trees.hasAll(Buffer.alloc(0))).toBe(true)
    expect(catalogue.trees.page(idOf('page'))).toEqual({
      level: 2,
      bytes: page.page.bytes.length,
      entryCount: 1,
    })
    expect(catalogue.trees.page(idOf('none'))).toBeUndefined()
  })

  it('takes nothing when one page of several cannot be taken', () => {
    const entry = { name: 'a', mode: directory, children: [idOf('below')] }
    const twice = pageOf('twice', [entry, entry])
    expect(() => catalogue.trees.add([pageOf('good', [{ name: 'a' }]), twice])).toThrow(/UNIQUE/)
    expect([...catalogue.dump()]).toEqual([])
    expect(catalogue.trees.add([pageOf('good', [{ name: 'a' }])])).toBe(1)
    expect(contentOf('good')).toBe('content of good')
  })
})
