import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { DirectoryReader } from '../../../../src/format/tree/directory-reader.ts'
import { encodeRawPage, MemoryBlobs, rawChild, rawEntry, type RawEntry } from './tree-fixture.ts'

/** Stores any page and says where it is. */
function put(blobs: MemoryBlobs, page: Buffer): { id: Buffer; bytes: number } {
  return { id: Buffer.from(blobs.store(page)), bytes: page.length }
}

interface Child {
  readonly names: readonly string[]
  readonly claims?: Partial<RawEntry>
  readonly firstName?: string
}

/** A page of level 1 over pages with these names. */
function parentOf(blobs: MemoryBlobs, children: readonly Child[]): { id: Buffer; bytes: number } {
  const entries = children.map(({ names, claims, firstName }) => {
    const { id, bytes } = put(blobs, encodeRawPage(names.map((name) => rawEntry(name))))
    const count = BigInt(names.length)
    return { ...rawChild(firstName ?? names[0], count, BigInt(bytes), id), ...claims }
  })
  return put(blobs, encodeRawPage(entries, 1))
}

function readNames(reader: DirectoryReader, top: { id: Buffer; bytes: number }): string[] {
  const found: string[] = []
  for (const page of reader.pages(top)) {
    for (let index = 0; index < page.entryCount; index++) found.push(page.name(index).toString())
  }
  return found
}

describe('DirectoryReader', () => {
  it('reads a directory of two pages', () => {
    const blobs = new MemoryBlobs()
    const top = parentOf(blobs, [{ names: ['a', 'b'] }, { names: ['c'] }])
    expect(readNames(new DirectoryReader(blobs.load, 3), top)).toEqual(['a', 'b', 'c'])
    expect(new DirectoryReader(blobs.load, 0).find(top, Buffer.from('b'))?.index).toBe(1)
  })

  it('begins with any entry, and loads no page that ends before it', () => {
    const blobs = new MemoryBlobs()
    const children = [['a', 'b'], ['c'], ['d', 'e', 'f'], ['g']].map((names) => ({ names }))
    const top = parentOf(blobs, children)
    const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    for (let entry = 0; entry <= all.length + 1; entry++) {
      let loads = 0
      const reader = new DirectoryReader((id) => {
        loads += 1
        return blobs.load(id)
      }, 99)
      const names: string[] = []
      for (const [page, first] of reader.pagesFrom(top, entry)) {
        for (let index = first; index < page.entryCount; index++) {
          names.push(page.name(index).toString())
        }
      }
      expect(names).toEqual(all.slice(entry))
      const pages = children.filter((child) => child.names.some((name) => names.includes(name)))
      expect(loads).toBe(1 + pages.length)
      expect(reader.count(top)).toBe(7)
    }
  })

  const wrong: [string, readonly Child[]][] = [
    ['an earlier first name', [{ names: ['a', 'b'], firstName: 'A' }]],
    ['another first name', [{ names: ['a', 'b'], firstName: 'aa' }]],
    ['more entries than said', [{ names: ['a', 'b'], claims: { size: 1n } }]],
    ['fewer entries than said', [{ names: ['a', 'b'], claims: { size: 3n } }]],
    ['names beyond the next page', [{ names: ['a', 'c'] }, { names: ['b'] }]],
    ["the next page's first name", [{ names: ['a', 'b'] }, { names: ['b'] }]],
  ]
  it.each(wrong)('refuses a page with %s, reading and finding', (_, children) => {
    const blobs = new MemoryBlobs()
    const top = parentOf(blobs, children)
    expect(() => readNames(new DirectoryReader(blobs.load, 99), top)).toThrow(DamageError)
    expect(() => new DirectoryReader(blobs.load, 99).find(top, Buffer.from('ab'))).toThrow(
      DamageError,
    )
  })

  it('refuses a page of another length than the reference says', () => {
    const blobs = new MemoryBlobs()
    const top = put(blobs, encodeRawPage([rawEntry('a')]))
    const reader = new DirectoryReader(blobs.load, 99)
    expect(() => readNames(reader, { ...top, bytes: top.bytes + 1 })).toThrow(DamageError)
  })

  it('refuses a page of the wrong level, so a cycle ends at once', () => {
    const blobs = new MemoryBlobs()
    const leaf = put(blobs, encodeRawPage([rawEntry('a')]))
    const skipping = put(blobs, encodeRawPage([rawChild('a', 1n, BigInt(leaf.bytes), leaf.id)], 2))
    expect(() => readNames(new DirectoryReader(blobs.load, 99), skipping)).toThrow(/level/)
    const page = encodeRawPage([rawChild('a', 1n, 133n, Buffer.alloc(32, 1))], 8)
    let loads = 0
    const cyclic = new DirectoryReader(() => {
      loads += 1
      return page
    }, 99)
    expect(page).toHaveLength(133)
    expect(() => readNames(cyclic, { id: Buffer.alloc(32, 1), bytes: 133 })).toThrow(/level/)
    expect(loads).toBe(2)
  })

  it('carries the bound of names down through all levels', () => {
    const blobs = new MemoryBlobs()
    const child = (name: string, page: Buffer, entries: bigint): RawEntry => {
      const { id, bytes } = put(blobs, page)
      return rawChild(name, entries, BigInt(bytes), id)
    }
    const build = (last: string): { id: Buffer; bytes: number } => {
      const first = encodeRawPage([rawEntry('a')])
      const second = encodeRawPage([rawEntry('b'), rawEntry(last)])
      const left = encodeRawPage([child('a', first, 1n), child('b', second, 2n)], 1)
      const right = encodeRawPage([child('d', encodeRawPage([rawEntry('d')]), 1n)], 1)
      return put(blobs, encodeRawPage([child('a', left, 3n), child('d', right, 1n)], 2))
    }
    expect(readNames(new DirectoryReader(blobs.load, 4), build('c'))).toEqual(['a', 'b', 'c', 'd'])
    expect(() => readNames(new DirectoryReader(blobs.load, 4), build('d'))).toThrow(/overlap/)
    expect(() => new DirectoryReader(blobs.load, 4).find(build('e'), Buffer.from('c'))).toThrow(
      /overlap/,
    )
  })

  it('hands out no more entries than it was told, over all directories together', () => {
    const blobs = new MemoryBlobs()
    const top = parentOf(blobs, [{ names: ['a', 'b'] }, { names: ['c'] }])
    const reader = new DirectoryReader(blobs.load, 8)
    readNames(reader, top)
    readNames(reader, top)
    expect(() => readNames(reader, top)).toThrow(/more entries/)
  })

  it('refuses a claim of too many entries before it loads a page below', () => {
    const page = encodeRawPage([rawChild('a', 1n << 40n, 24n, Buffer.alloc(32, 1))], 1)
    let loads = 0
    const reader = new DirectoryReader(() => {
      loads += 1
      return page
    }, 1_000_000)
    expect(() => readNames(reader, { id: Buffer.alloc(32), bytes: page.length })).toThrow(
      DamageError,
    )
    expect(loads).toBe(1)
  })

  it('passes on what the loading throws', () => {
    const reader = new DirectoryReader(new MemoryBlobs().load, 9)
    expect(() => readNames(reader, { id: Buffer.alloc(32), bytes: 24 })).toThrow(RangeError)
  })
})
