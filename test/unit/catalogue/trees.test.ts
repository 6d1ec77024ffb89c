import { createHash } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { idOf, pageOf } from './catalogue-fixtures.ts'

let catalogue: Catalogue

beforeEach(() => {
  catalogue = openCatalogue(':memory:')
})

afterEach(() => catalogue.close())

/** Two references that cover no bytes. */
function contentIdOfTwo(ids: readonly Buffer[]): Buffer {
  return createHash('sha256')
    .update(Buffer.concat([...ids, Buffer.alloc(16)]))
    .digest()
}

describe('trees', () => {
  it('gives entries back in the order of their bytes', () => {
    const entries = [
      { name: 'a', mode: 0o040755, size: 2 ** 44, mtimeSeconds: -5, mtimeNs: 999_999_999 },
      { name: 'ab', children: [idOf('first'), idOf('second')], mtimeSeconds: 2 ** 40 },
      { name: Buffer.from([0xc3, 0x28]), mode: 0o120777 },
      { name: Buffer.from([0xff]), size: 1, children: [Buffer.alloc(32)] },
    ]
    expect(catalogue.trees.add([pageOf('page', entries)])).toBe(1)
    expect(catalogue.trees.entries(idOf('page'))).toEqual(
      entries.map(({ name, mode, size, mtimeSeconds, mtimeNs, children }) => ({
        name: Buffer.from(name),
        mode: mode ?? 0o100644,
        size: size ?? 0,
        mtimeSeconds: mtimeSeconds ?? 0,
        mtimeNs: mtimeNs ?? 0,
        child: children?.[1] ? contentIdOfTwo(children) : (children?.[0] ?? null),
      })),
    )
  })

  it.each([0, 1, 16, 17, 100])('takes all of %i entries of each page', (count) => {
    const entries = Array.from({ length: count }, (_, index) => ({
      name: `name ${index}`.padEnd(12, '.'),
      children: index % 3 === 0 ? [] : [idOf(`${index}`)],
    }))
    entries.sort((one, other) => (one.name < other.name ? -1 : 1))
    catalogue.trees.add([pageOf('one', entries), pageOf('two', entries)])
    for (const page of ['one', 'two']) {
      const rows = catalogue.trees.entries(idOf(page))
      expect(rows.map(({ name, child }) => [name.toString(), child])).toEqual(
        entries.map(({ name, children }) => [name, children[0] ?? null]),
      )
    }
  })

  it('passes known pages over', () => {
    catalogue.trees.add([pageOf('page', [{ name: 'a' }])])
    const pages = [pageOf('page', [{ name: 'b' }]), pageOf('new', [{ name: 'c' }])]
    expect(catalogue.trees.add(pages)).toBe(1)
    expect(catalogue.trees.entries(idOf('page')).map(({ name }) => name.toString())).toEqual(['a'])
  })

  it('finds one entry by exactly its name', () => {
    const name = Buffer.from([0x61, 0xff])
    catalogue.trees.add([pageOf('page', [{ name: 'a' }, { name, size: 7 }])])
    expect(catalogue.trees.entry(idOf('page'), new Uint8Array(name))).toMatchObject({ size: 7 })
    expect(catalogue.trees.entry(idOf('page'), Buffer.from('A'))).toBeUndefined()
    expect(catalogue.trees.entry(idOf('none'), name)).toBeUndefined()
  })

  it('describes a page', () => {
    const page = pageOf('page', [{ name: 'a', mode: 0 }], 2)
    catalogue.trees.add([page])
    expect(catalogue.trees.has(idOf('page'))).toBe(true)
    expect(catalogue.trees.has(idOf('none'))).toBe(false)
    expect(catalogue.trees.page(idOf('page'))).toEqual({
      level: 2,
      bytes: page.page.bytes.length,
      entryCount: 1,
    })
    expect(catalogue.trees.page(idOf('none'))).toBeUndefined()
  })

  it('takes nothing when one page of several cannot be taken', () => {
    const twice = pageOf('twice', [{ name: 'a' }, { name: 'a' }])
    expect(() => catalogue.trees.add([pageOf('good', [{ name: 'a' }]), twice])).toThrow(/UNIQUE/)
    expect([...catalogue.dump()]).toEqual([])
    expect(catalogue.trees.add([pageOf('good', [{ name: 'a' }])])).toBe(1)
    expect(catalogue.trees.entries(idOf('good'))).toHaveLength(1)
  })
})
