import { describe, expect, it } from 'vitest'
import { HoldfastError, SourceError } from '../../../../src/foundation/errors.ts'
import { DirectoryReader } from '../../../../src/format/tree/directory-reader.ts'
import {
  DirectoryWriter,
  type StoredDirectory,
} from '../../../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../../../src/format/tree/entry-draft.ts'
import { encodeExtras } from '../../../../src/format/tree/extras.ts'
import { hashName } from '../../../../src/format/tree/names.ts'
import { decodeTreePage, type TreePage } from '../../../../src/format/tree/tree-page.ts'
import {
  encodeRawPage,
  fillDraft,
  MemoryBlobs,
  rawDirectory,
  rawEntry,
  rawLink,
  seededNumbers,
  someId,
  type RawEntry,
} from './tree-fixture.ts'

function write(entries: Iterable<RawEntry>, blobs: MemoryBlobs): StoredDirectory {
  const writer = new DirectoryWriter(blobs.store)
  const draft = new EntryDraft()
  for (const entry of entries) writer.append(fillDraft(draft, entry))
  return writer.finish()
}

function pagesOf(directory: StoredDirectory, blobs: MemoryBlobs): TreePage[] {
  return [...new DirectoryReader(blobs.load, 1_000_000).pages(directory)]
}

function closes(name: string): boolean {
  const bytes = Buffer.from(name)
  return (hashName(bytes, 0, bytes.length) & 0x1ff) === 0
}

/** Names in order, of which only those chosen close a page. */
function plainNames(count: number, closingAt: readonly number[] = []): string[] {
  return Array.from({ length: count }, (_, index) => {
    for (let salt = 0; ; salt++) {
      const name = `${String(index).padStart(6, '0')}-${salt}`
      if (closes(name) === closingAt.includes(index)) return name
    }
  })
}

/** Names in order that all close a page: the last byte undoes the low bits of the hash so far. */
function closingNames(count: number): Buffer[] {
  const names: Buffer[] = []
  for (let index = 0; names.length < count; index++) {
    const name = Buffer.from(`${String(index).padStart(9, '0')}?`)
    const hash = hashName(name, 0, name.length - 1)
    name[name.length - 1] = hash & 0xff
    if ((hash & 0x1ff) === name[9] && name[9] !== 0 && name[9] !== 0x2f) names.push(name)
  }
  return names
}

describe('DirectoryWriter', () => {
  it('writes an empty directory as one page without entries', () => {
    const blobs = new MemoryBlobs()
    const directory = write([], blobs)
    expect(directory).toMatchObject({ bytes: 24, level: 0, entryCount: 0, totalSize: 0 })
    expect(blobs.load(directory.id)).toEqual(encodeRawPage([]))
    expect(blobs.blobs.size).toBe(1)
  })

  it('sums the sizes of files and directories, and of nothing else', () => {
    const content = [[100n, someId]] as const
    const directory = write(
      [
        rawDirectory('a', { size: 7n }),
        rawEntry('b', { size: 100n, chunks: content }),
        rawLink('c', 'target'),
      ],
      new MemoryBlobs(),
    )
    expect(directory).toMatchObject({ totalSize: 107, entryCount: 3 })
  })

  it('lets the sum stand still at 2^53 - 1', () => {
    const size = (1n << 53n) - 1n
    const entries = ['a', 'b'].map((name) => rawDirectory(name, { size }))
    expect(write(entries, new MemoryBlobs()).totalSize).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('closes a page at a name that says so, but not before 128 entries', () => {
    const blobs = new MemoryBlobs()
    const names = plainNames(600, [100, 126, 127, 200, 300, 599])
    const directory = write(
      names.map((name) => rawEntry(name)),
      blobs,
    )
    expect(pagesOf(directory, blobs).map((page) => page.entryCount)).toEqual([128, 173, 299])
    const top = decodeTreePage(blobs.load(directory.id))
    expect(top.level).toBe(1)
    expect([0, 1, 2].map((index) => top.name(index).toString())).toEqual([
      names[0],
      names[128],
      names[301],
    ])
    expect(top.sizeOf(1)).toBe(173)
  })

  it('closes a page at 4,096 entries and leaves no empty page behind', () => {
    const blobs = new MemoryBlobs()
    const directory = write(
      plainNames(8192).map((name) => rawEntry(name)),
      blobs,
    )
    expect(pagesOf(directory, blobs).map((page) => page.entryCount)).toEqual([4096, 4096])
    expect(directory.level).toBe(1)
    expect(blobs.blobs.size).toBe(3)
    const single = write(
      plainNames(4096).map((name) => rawEntry(name)),
      blobs,
    )
    expect(single.level).toBe(0)
  })

  it('keeps pages at 1 MiB, and gives a larger entry a page of its own', () => {
    const blobs = new MemoryBlobs()
    const withValue = (name: string, valueBytes: number): RawEntry =>
      rawEntry(name, {
        extra: encodeExtras({
          attributes: [{ name: Buffer.from('user.x'), value: Buffer.alloc(valueBytes) }],
        }),
      })
    // 24 + 2 * 68 + 2 + 2 * 19 bytes besides the two values.
    const exact = 1_048_576 - 200
    const fitting = write([withValue('a', 100), withValue('b', exact - 100)], blobs)
    expect(fitting).toMatchObject({ level: 0, bytes: 1_048_576 })
    const larger = write([withValue('a', 100), withValue('b', exact - 99)], blobs)
    expect(pagesOf(larger, blobs).map((page) => page.entryCount)).toEqual([1, 1])
    const alone = write([rawEntry('a'), withValue('b', 3_000_000), rawEntry('c')], blobs)
    expect(pagesOf(alone, blobs).map((page) => page.entryCount)).toEqual([1, 1, 1])
    expect(write([withValue('b', 3_000_000)], blobs).level).toBe(0)
  })

  it('builds a second level and finds every name through it', () => {
    const blobs = new MemoryBlobs()
    // Every name closes, so pages have 128 entries: 128 * 128 * 2 entries make 256 pages under two.
    const names = closingNames(32_769)
    const directory = write(
      names.map((name) => rawEntry(name)),
      blobs,
    )
    expect(directory.level).toBe(2)
    const pages = pagesOf(directory, blobs)
    expect(pages).toHaveLength(257)
    const read = pages.flatMap((page) =>
      Array.from({ length: page.entryCount }, (_, index) => page.name(index).toString('hex')),
    )
    expect(read).toEqual(names.map((name) => name.toString('hex')))
    const reader = new DirectoryReader(blobs.load, 0)
    for (let index = 0; index < names.length; index += 997) {
      const found = reader.find(directory, names[index])
      expect(found?.page.name(found.index)).toEqual(names[index])
      const absent = Buffer.concat([names[index], Buffer.of(1)])
      expect(reader.find(directory, absent)).toBeUndefined()
    }
    expect(reader.find(directory, Buffer.from('!'))).toBeUndefined()
  })

  it('refuses names that are not after the one before, also across pages', () => {
    const writer = new DirectoryWriter(new MemoryBlobs().store)
    const draft = new EntryDraft()
    const names = plainNames(128, [127])
    for (const name of names) writer.append(fillDraft(draft, rawEntry(name)))
    expect(() => writer.append(fillDraft(draft, rawEntry(names[127])))).toThrow(RangeError)
    expect(() => writer.append(fillDraft(draft, rawEntry(names[126])))).toThrow(RangeError)
    writer.append(fillDraft(draft, rawEntry('b')))
    expect(() => writer.append(fillDraft(draft, rawEntry('b')))).toThrow(RangeError)
    const page = decodeTreePage(encodeRawPage([rawEntry('a'), rawEntry('c')]))
    expect(() => writer.appendFrom(page, 0)).toThrow(RangeError)
    writer.appendFrom(page, 1)
    expect(writer.finish().entryCount).toBe(130)
    writer.append(fillDraft(draft, rawEntry('a')))
    expect(writer.finish().entryCount).toBe(1)
  })

  const refused: [string, RawEntry][] = [
    ['a size of 2^53', rawEntry('a', { size: 1n << 53n })],
    ['a socket', rawEntry('a', { mode: 0o140755 })],
    ['a name with a slash', rawEntry('a/b')],
    ['10^9 nanoseconds', rawEntry('a', { mtimeNs: 1_000_000_000 })],
    ['negative nanoseconds', rawEntry('a', { ctimeNs: -1 })],
    ['a target that is not as long as the size', rawLink('a', 'bc', { size: 3n })],
    ['more than 32 MiB of attributes', rawEntry('a', { extra: hugeAttributes() })],
  ]
  it.each(refused)('refuses %s as a fault of the source and goes on', (_, entry) => {
    const blobs = new MemoryBlobs()
    const writer = new DirectoryWriter(blobs.store)
    const draft = new EntryDraft()
    expect(() => writer.append(fillDraft(draft, entry))).toThrow(SourceError)
    writer.append(fillDraft(draft, rawEntry('a')))
    expect(blobs.load(writer.finish().id)).toEqual(encodeRawPage([rawEntry('a')]))
  })

  it('stores no page that it cannot read', () => {
    const blobs = new MemoryBlobs()
    const writer = new DirectoryWriter(blobs.store)
    writer.append(fillDraft(new EntryDraft(), rawEntry('a', { size: 1n })))
    expect(() => writer.finish()).toThrow(HoldfastError)
    expect(blobs.blobs.size).toBe(0)
    writer.clear()
    expect(writer.finish().bytes).toBe(24)
  })

  it('gives other flags to a copied entry on demand', () => {
    const blobs = new MemoryBlobs()
    const linked = rawEntry('a', { flags: 0x20001, inode: 5n })
    const page = decodeTreePage(encodeRawPage([linked, rawEntry('b')]))
    const writer = new DirectoryWriter(blobs.store)
    writer.appendFrom(page, 0, 0x70001)
    writer.appendFrom(page, 1)
    const expected = encodeRawPage([{ ...linked, flags: 0x70001 }, rawEntry('b')])
    expect(blobs.load(writer.finish().id)).toEqual(expected)
    expect(() => writer.appendFrom(page, 2)).toThrow(RangeError)
  })
})

describe('paging', () => {
  it('changes at most three pages when one of 100,000 entries comes or goes', () => {
    const names = Array.from(
      { length: 100_000 },
      (_, index) => `document-${String(index).padStart(6, '0')}.json`,
    )
    const entries = names.map((name) => rawEntry(name))
    const before = new MemoryBlobs()
    const directory = write(entries, before)
    expect(directory).toMatchObject({ level: 1, entryCount: 100_000 })
    expect(before.blobs.size).toBeGreaterThan(100)
    const random = seededNumbers(1)
    for (let turn = 0; turn < 3; turn++) {
      const at = random() % entries.length
      const inserted = new MemoryBlobs()
      write(entries.toSpliced(at, 0, rawEntry(`${names[at - 1]}~`)), inserted)
      expect(before.missingFrom(inserted)).toBeLessThanOrEqual(3)
      const removed = new MemoryBlobs()
      write(entries.toSpliced(at, 1), removed)
      expect(before.missingFrom(removed)).toBeLessThanOrEqual(3)
    }
  }, 20_000)

  it('cuts the same pages from drafts and from the pages of the parent snapshot', () => {
    const blobs = new MemoryBlobs()
    const directory = write(randomEntries(20_000), blobs)
    const again = new MemoryBlobs()
    const writer = new DirectoryWriter(again.store)
    for (const page of pagesOf(directory, blobs)) {
      // Without its id a page is never used again as it is.
      const anonymous = decodeTreePage(page.bytes)
      for (let index = 0; index < page.entryCount; index++) writer.appendFrom(anonymous, index)
    }
    expect(writer.finish()).toEqual(directory)
    expect([...again.blobs.keys()]).toEqual([...blobs.blobs.keys()])
  })
})

describe('pages of the parent snapshot', () => {
  const entries = randomEntries(20_000)
  const parent = new MemoryBlobs()
  const directory = write(entries, parent)
  const pages = pagesOf(directory, parent)

  /** Takes all entries over, except those that `replace` gives a draft for (undefined: left out). */
  function copy(
    blobs: MemoryBlobs,
    replace: ReadonlyMap<number, RawEntry | undefined>,
  ): StoredDirectory {
    const writer = new DirectoryWriter(blobs.store)
    const draft = new EntryDraft()
    let position = 0
    for (const page of pages) {
      for (let index = 0; index < page.entryCount; index++) {
        const replacement = replace.get(position)
        if (replacement !== undefined) writer.append(fillDraft(draft, replacement))
        else if (!replace.has(position)) writer.appendFrom(page, index)
        position += 1
      }
    }
    return writer.finish()
  }

  it('are used again without being stored when nothing changed', () => {
    const blobs = new MemoryBlobs()
    expect(copy(blobs, new Map())).toEqual(directory)
    // Only the page above them is put together anew.
    expect([...blobs.blobs.keys()]).toEqual([directory.id.toString('hex')])
    const small = write([rawEntry('a'), rawEntry('b', { flags: 2 })], parent)
    const [page] = pagesOf(small, parent)
    const writer = new DirectoryWriter(() => {
      throw new Error('an unchanged page was stored')
    })
    writer.appendFrom(page, 0)
    writer.appendFrom(page, 1)
    expect(writer.finish()).toEqual(small)
    writer.appendFrom(page, 0)
    expect(() => writer.finish()).toThrow('an unchanged page was stored')
  })

  it('are written anew where something changed, came or went', () => {
    const first = pages[0].entryCount
    const cases: number[][] = [
      [0],
      [1],
      [first - 1],
      [first],
      [first + 1],
      [19_000],
      [5, first, 9_000],
    ]
    for (const positions of cases) {
      for (const change of [undefined, { mode: 0o100600 }]) {
        const replace = new Map(
          positions.map((at) => [at, change && { ...entries[at], ...change }] as const),
        )
        const blobs = new MemoryBlobs()
        const expected = new MemoryBlobs()
        const list = entries.flatMap((entry, at) =>
          replace.has(at) ? (replace.get(at) ?? []) : entry,
        )
        const stored = write(list, expected)
        expect(copy(blobs, replace)).toEqual(stored)
        for (const id of expected.blobs.keys()) {
          expect(blobs.blobs.has(id) || parent.blobs.has(id)).toBe(true)
        }
      }
    }
  })

  it('are not used for a beginning, for other flags, or with an entry more', () => {
    const two = write([rawEntry('a'), rawEntry('b')], parent)
    const [page] = pagesOf(two, parent)
    const results: Buffer[] = []
    const writer = new DirectoryWriter((bytes) => {
      results.push(Buffer.from(bytes))
      return someId
    })
    writer.appendFrom(page, 0)
    writer.finish()
    writer.appendFrom(page, 0)
    writer.appendFrom(page, 1, 2)
    writer.finish()
    writer.appendFrom(page, 0)
    writer.appendFrom(page, 1)
    writer.append(fillDraft(new EntryDraft(), rawEntry('c')))
    writer.finish()
    writer.append(fillDraft(new EntryDraft(), rawEntry('A')))
    writer.appendFrom(page, 0)
    writer.appendFrom(page, 1)
    writer.finish()
    writer.appendFrom(page, 1)
    expect(() => writer.appendFrom(page, 0)).toThrow(RangeError)
    writer.finish()
    expect(results).toEqual([
      encodeRawPage([rawEntry('a')]),
      encodeRawPage([rawEntry('a'), rawEntry('b', { flags: 2 })]),
      encodeRawPage([rawEntry('a'), rawEntry('b'), rawEntry('c')]),
      encodeRawPage([rawEntry('A'), rawEntry('a'), rawEntry('b')]),
      encodeRawPage([rawEntry('b')]),
    ])
  })

  it.each([undefined, someId])('are cut at 1 MiB as well (id: %o)', (id) => {
    const value = Buffer.alloc(400_000)
    const extra = encodeExtras({ attributes: [{ name: Buffer.from('user.x'), value }] })
    const three = ['a', 'b', 'c'].map((name) => rawEntry(name, { extra }))
    const page = decodeTreePage(encodeRawPage(three), id)
    const blobs = new MemoryBlobs()
    const writer = new DirectoryWriter(blobs.store)
    for (let index = 0; index < 3; index++) writer.appendFrom(page, index)
    const counts = pagesOf(writer.finish(), blobs).map((cut) => cut.entryCount)
    expect(counts).toEqual([2, 1])
  })

  it('are cut again when another program cut them elsewhere', () => {
    const names = plainNames(300, [199])
    const blobs = new MemoryBlobs()
    const foreign = encodeRawPage(names.map((name) => rawEntry(name)))
    const page = decodeTreePage(foreign, blobs.store(foreign))
    const writer = new DirectoryWriter(blobs.store)
    for (let index = 0; index < page.entryCount; index++) writer.appendFrom(page, index)
    expect(pagesOf(writer.finish(), blobs).map((cut) => cut.entryCount)).toEqual([200, 100])
  })
})

function randomEntries(count: number): RawEntry[] {
  const random = seededNumbers(2)
  const names = new Set(Array.from({ length: count }, () => random().toString(36)))
  return [...names].toSorted().map((name) => rawEntry(name, { size: 3n, chunks: [[3n, someId]] }))
}

function hugeAttributes(): Buffer {
  const value = Buffer.alloc(33_554_432 - 100)
  return encodeExtras({ attributes: [{ name: Buffer.from('user.x'), value }] })
}
