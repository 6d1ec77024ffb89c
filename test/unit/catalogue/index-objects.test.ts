import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { IndexedPack } from '../../../src/catalogue/blob-location.ts'
import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { dataPack, idOf, objectIdOf, packOf, pageOf } from './catalogue-fixtures.ts'

function withCatalogue<T>(use: (catalogue: Catalogue) => T): T {
  const catalogue = openCatalogue(':memory:')
  try {
    return use(catalogue)
  } finally {
    catalogue.close()
  }
}

describe('indexObjects.add()', () => {
  it.each([0, 1, 15, 16, 17, 33, 400])('makes all of %i blobs known', (count) =>
    withCatalogue((catalogue) => {
      const pack = dataPack('a', count)
      catalogue.indexObjects.add(objectIdOf('index'), [pack])
      expect(catalogue.blobs.count()).toBe(count)
      expect(catalogue.blobs.isEmpty()).toBe(count === 0)
      for (let blob = 0; blob < count; blob++) {
        const location = catalogue.blobs.find(idOf(`a ${blob}`))
        const segment = Math.floor(blob / 10)
        const firstLength = segment * 10 + 1
        expect(location).toMatchObject({
          pack: { id: pack.packId, bytes: pack.packBytes },
          segment,
          segmentOffset: pack.trailer.offsets[segment],
          payloadBytes: pack.trailer.payloadBytes[segment],
          plainBytes: pack.trailer.plainBytes[segment],
          codec: segment % 2,
          kind: 0,
          offset: ((firstLength + blob) * (blob - segment * 10)) / 2,
          length: blob + 1,
        })
        expect(location?.pack.salt.equals(pack.salt)).toBe(true)
      }
    }),
  )

  it('changes nothing the second time', () =>
    withCatalogue((catalogue) => {
      expect(catalogue.indexObjects.add(objectIdOf('index'), [dataPack('a', 5)])).toBe(true)
      expect(catalogue.indexObjects.add(objectIdOf('index'), [dataPack('b', 5)])).toBe(false)
      expect(catalogue.blobs.hasPack(objectIdOf('pack b'))).toBe(false)
    }))

  it('takes a pack once that is named twice', () =>
    withCatalogue((catalogue) => {
      const pack = dataPack('a', 5)
      catalogue.indexObjects.add(objectIdOf('i1'), [pack, pack])
      catalogue.indexObjects.add(objectIdOf('i2'), [pack])
      expect(catalogue.blobs.count()).toBe(5)
      expect(catalogue.blobs.packs().map(({ id }) => id)).toEqual([pack.packId])
    }))

  it('keeps every location of a blob, twice in one segment included', () =>
    withCatalogue((catalogue) => {
      const blob = { id: idOf('twin'), length: 7 }
      catalogue.indexObjects.add(objectIdOf('i1'), [
        packOf('one', [{ kind: 0, blobs: [blob, blob] }]),
        packOf('two', [{ kind: 0, blobs: [{ id: idOf('x'), length: 3 }, blob] }]),
      ])
      const places = catalogue.blobs
        .findAll(blob.id)
        .map(
          ({ pack, offset }) => `${pack.id === objectIdOf('pack one') ? 'one' : 'two'} ${offset}`,
        )
      expect(places).toEqual(['one 0', 'one 7', 'two 3'])
    }))

  it.each<[string, (pack: IndexedPack) => IndexedPack]>([
    ['an id too few', (pack) => changed(pack, { ids: pack.trailer.ids.subarray(32) })],
    ['a length too many', (pack) => changed(pack, { blobLengths: new Uint32Array(6) })],
    ['a segment without codec', (pack) => changed(pack, { codecs: [] })],
    ['blob counts that do not add up', (pack) => changed(pack, { blobCounts: [4] })],
    ['a short salt', (pack) => ({ ...pack, salt: Buffer.alloc(31) })],
  ])('refuses columns with %s and stays as it was', (_case, change) =>
    withCatalogue((catalogue) => {
      const packs = [dataPack('good', 5), change(dataPack('bad', 5))]
      expect(() => catalogue.indexObjects.add(objectIdOf('i'), packs)).toThrow(RangeError)
      expect([...catalogue.dump()]).toEqual([])
    }),
  )
})

function changed(pack: IndexedPack, trailer: Partial<IndexedPack['trailer']>): IndexedPack {
  return { ...pack, trailer: { ...pack.trailer, ...trailer } }
}

describe('indexObjects.remove()', () => {
  it('drops packs that no other index object names, and nothing else', () =>
    withCatalogue((catalogue) => {
      catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 12), dataPack('b', 3)])
      catalogue.indexObjects.add(objectIdOf('i2'), [dataPack('b', 3), dataPack('c', 4)])
      expect(catalogue.indexObjects.remove([objectIdOf('i1'), objectIdOf('unknown')])).toBe(1)
      expect(catalogue.blobs.find(idOf('a 0'))).toBeUndefined()
      expect(catalogue.blobs.has(idOf('b 0'))).toBe(true)
      expect(catalogue.blobs.count()).toBe(7)
      expect(catalogue.objectIds('index')).toEqual(new Set([objectIdOf('i2')]))
    }))

  it('keeps a pack that a newer index object took over', () =>
    withCatalogue((catalogue) => {
      catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 12)])
      catalogue.indexObjects.add(objectIdOf('i2'), [dataPack('a', 12)])
      expect(catalogue.indexObjects.remove([objectIdOf('i1')])).toBe(0)
      expect(catalogue.blobs.count()).toBe(12)
    }))

  it('drops tree pages that are in no pack any more', () =>
    withCatalogue((catalogue) => {
      const treeBlob = (name: string): { id: Buffer; length: number } => ({
        id: idOf(name),
        length: 9,
      })
      catalogue.indexObjects.add(objectIdOf('i1'), [
        packOf('one', [{ kind: 1, blobs: [treeBlob('p1'), treeBlob('p2')] }]),
      ])
      catalogue.indexObjects.add(objectIdOf('i2'), [
        packOf('two', [{ kind: 1, blobs: [treeBlob('p2')] }]),
      ])
      const child = { name: 'c', mode: 0o040755, children: [idOf('p2')] }
      catalogue.trees.add([pageOf('p1', [child]), pageOf('p2', [{ name: 'b' }])])
      const rows = ['p1', 'p2'].map((page) => catalogue.search.rowOf(idOf(page)) ?? 0)
      catalogue.indexObjects.remove([objectIdOf('i1')])
      expect(catalogue.trees.has(idOf('p1'))).toBe(false)
      expect(catalogue.trees.has(idOf('p2'))).toBe(true)
      expect(rows.map((row) => catalogue.search.content(row)?.content.toString())).toEqual([
        undefined,
        'content of p2',
      ])
      // Another page may get the row of one that is gone, and must not get what led to it.
      expect(catalogue.search.parents(rows[1])).toEqual([])
      const tables = [...catalogue.dump()].map((line) => (JSON.parse(line) as string[])[0])
      expect(tables.filter((table) => /page|name/.test(table)).sort()).toEqual([
        'name_list',
        'page_content',
        'tree_page',
      ])
      catalogue.indexObjects.remove([objectIdOf('i2')])
      expect([...catalogue.dump()]).toEqual([])
      expect(catalogue.trees.add([pageOf('p3', [{ name: 'd' }])])).toBe(1)
      expect(catalogue.search.content(1)?.content.toString()).toBe('content of p3')
    }))

  it('never gives the row number of a dropped pack to another one', () =>
    withCatalogue((catalogue) => {
      catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 1)])
      const row = catalogue.blobs.find(idOf('a 0'))?.pack.row
      catalogue.indexObjects.remove([objectIdOf('i1')])
      catalogue.indexObjects.add(objectIdOf('i2'), [dataPack('b', 1)])
      expect(catalogue.blobs.find(idOf('b 0'))?.pack.row).not.toBe(row)
    }))
})

describe('blobs', () => {
  it('findMany() gives what find() gives, in the order of the question', () =>
    withCatalogue((catalogue) => {
      catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 50), dataPack('b', 50)])
      const names = ['b 3', 'none', 'a 49', 'a 0', 'b 3', 'never']
      const locations = catalogue.blobs.findMany(Buffer.concat(names.map(idOf)))
      expect(locations.found).toBe(4)
      for (const [index, name] of names.entries()) {
        const one = catalogue.blobs.find(idOf(name))
        expect(locations.packs[index]).toBe(one?.pack.row ?? 0)
        expect(locations.segments[index]).toBe(one?.segment ?? 0)
        expect(locations.segmentOffsets[index]).toBe(one?.segmentOffset ?? 0)
        expect(locations.payloadBytes[index]).toBe(one?.payloadBytes ?? 0)
        expect(locations.plainBytes[index]).toBe(one?.plainBytes ?? 0)
        expect(locations.codecs[index]).toBe(one?.codec ?? 0)
        expect(locations.kinds[index]).toBe(one?.kind ?? 0)
        expect(locations.offsets[index]).toBe(one?.offset ?? 0)
        expect(locations.lengths[index]).toBe(one?.length ?? 0)
      }
    }))

  it('takes ids as plain byte arrays, and refuses other lengths than 32', () =>
    withCatalogue((catalogue) => {
      catalogue.indexObjects.add(objectIdOf('i1'), [dataPack('a', 2)])
      expect(catalogue.blobs.has(new Uint8Array(idOf('a 1')))).toBe(true)
      expect(() => catalogue.blobs.has(Buffer.alloc(31))).toThrow(RangeError)
      expect(() => catalogue.blobs.find(Buffer.alloc(33))).toThrow(RangeError)
      expect(() => catalogue.blobs.findMany(Buffer.alloc(40))).toThrow(RangeError)
    }))

  it('gives packs by row and by id, and their segments', () =>
    withCatalogue((catalogue) => {
      const pack = dataPack('a', 25)
      catalogue.indexObjects.add(objectIdOf('i1'), [pack])
      const row = catalogue.blobs.packById(pack.packId)
      expect(row).toMatchObject({ id: pack.packId, bytes: pack.packBytes })
      expect(catalogue.blobs.pack(row?.row ?? 0)).toEqual(row)
      expect(catalogue.blobs.pack(999)).toBeUndefined()
      expect(catalogue.blobs.segments(row?.row ?? 0)).toMatchObject([
        { number: 0, offset: 64, plainBytes: 55, codec: 0 },
        { number: 1, offset: 64 + 55 + 16, plainBytes: 155, codec: 1 },
        { number: 2, offset: 64 + 55 + 155 + 32, plainBytes: 115, codec: 0 },
      ])
    }))

  it('agrees with a plain map after any sequence of additions and removals', () => {
    const step = fc.record({
      remove: fc.boolean(),
      index: fc.integer({ min: 0, max: 4 }),
      packs: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
    })
    const sizes = [0, 1, 3, 10, 17, 40]
    const check = (steps: { remove: boolean; index: number; packs: number[] }[]): void =>
      withCatalogue((catalogue) => {
        const model = new Map<number, number[]>()
        for (const { remove, index, packs } of steps) {
          if (remove) {
            catalogue.indexObjects.remove([objectIdOf(`${index}`)])
            model.delete(index)
          } else {
            const drafts = packs.map((pack) => dataPack(`${pack}`, sizes[pack]))
            catalogue.indexObjects.add(objectIdOf(`${index}`), drafts)
            if (!model.has(index)) model.set(index, packs)
          }
        }
        const alive = new Set([...model.values()].flat())
        for (const [pack, size] of sizes.entries()) {
          expect(catalogue.blobs.hasPack(objectIdOf(`pack ${pack}`))).toBe(alive.has(pack))
          if (size > 0)
            expect(catalogue.blobs.has(idOf(`${pack} ${size - 1}`))).toBe(alive.has(pack))
        }
        const expected = [...alive].reduce((sum, pack) => sum + sizes[pack], 0)
        expect(catalogue.blobs.count()).toBe(expected)
      })
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), check), { numRuns: 40 })
  })
})
