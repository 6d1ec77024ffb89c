import { describe, expect, it } from 'vitest'
import { DamageError, SourceError } from '../../../../src/foundation/errors.ts'
import { decodeContentList, encodeContentList } from '../../../../src/format/tree/content-list.ts'
import {
  ContentListWriter,
  type FileReferences,
} from '../../../../src/format/tree/content-list-writer.ts'
import { ContentReader, readContent } from '../../../../src/format/tree/content-reader.ts'
import { decodeTreePage } from '../../../../src/format/tree/tree-page.ts'
import {
  encodeRawList,
  encodeRawPage,
  MemoryBlobs,
  rawEntry,
  seededNumbers,
  someId,
} from './tree-fixture.ts'

const hole = Buffer.alloc(32)

/** An id that closes a list, or one that does not. */
function idOf(number: number, closes = false): Buffer {
  const id = Buffer.alloc(32, 1)
  id.writeUInt32LE(number, 8)
  if (closes) id.writeUInt32LE(0x200, 0)
  return id
}

function chunks(count: number, seed: number): Buffer[] {
  const random = seededNumbers(seed)
  return Array.from({ length: count }, () => {
    const id = Buffer.alloc(32)
    for (let word = 0; word < 8; word++) id.writeUInt32LE(random(), 4 * word)
    return id
  })
}

function write(ids: readonly Uint8Array[], blobs: MemoryBlobs): FileReferences {
  const writer = new ContentListWriter(blobs.store)
  ids.forEach((id, index) => writer.append(id, 1 + (index % 7)))
  return writer.finish()
}

function readAll(content: FileReferences, blobs: MemoryBlobs): [string, number, boolean, number][] {
  const reader = new ContentReader({ ...content, size: content.totalBytes }, blobs.load)
  const items: [string, number, boolean, number][] = []
  while (reader.next()) {
    items.push([reader.id.toString('hex'), reader.bytes, reader.isHole, reader.offset])
  }
  return items
}

function itemCounts(content: FileReferences, blobs: MemoryBlobs): number[] {
  return Array.from(content.lengths, (_, item) => {
    const list = blobs.load(content.ids.subarray(32 * item, 32 * item + 32))
    return decodeContentList(list).lengths.length
  })
}

describe('decodeContentList()', () => {
  // Written by Python's struct after docs/FORMAT.md; it must never change.
  const golden = Buffer.from(
    '4c01000002000000' +
      '0500000001000000' +
      '0000000002000000' +
      '09'.repeat(32) +
      '00'.repeat(32),
    'hex',
  )

  it('reads and writes the golden list', () => {
    const lengths = Float64Array.of(5, 2 ** 33 + 1)
    const ids = Buffer.concat([Buffer.alloc(32, 9), hole])
    expect(decodeContentList(golden)).toEqual({ level: 0, ids, lengths, totalBytes: 2 ** 33 + 6 })
    expect(encodeContentList(0, { ids, lengths }, 0, 2)).toEqual(golden)
    expect(encodeContentList(3, { ids, lengths }, 1, 2)).toEqual(
      encodeRawList([[(1n << 33n) + 1n, hole]], 3),
    )
  })

  it('refuses every truncation and every added byte', () => {
    for (let length = 0; length < golden.length; length++) {
      expect(() => decodeContentList(golden.subarray(0, length))).toThrow(DamageError)
    }
    expect(() => decodeContentList(Buffer.concat([golden, hole]))).toThrow(DamageError)
  })

  it.each([
    ['another magic', 0, 0x54],
    ['another version', 1, 2],
    ['level 4', 2, 4],
    ['a reserved byte', 3, 1],
    ['a huge count', 7, 0xff],
  ])('refuses %s', (_, offset, value) => {
    const bytes = Buffer.from(golden)
    bytes[offset] = value
    expect(() => decodeContentList(bytes)).toThrow(DamageError)
  })

  it.each([
    ['no items', []],
    ['an empty item', [[0n, someId]]],
    ['an item of 2^53 bytes', [[1n << 53n, hole]]],
    [
      'items of 2^53 bytes together',
      [
        [(1n << 53n) - 1n, hole],
        [1n, hole],
      ],
    ],
    ['a chunk above 32 MiB', [[33_554_433n, someId]]],
  ] as [string, [bigint, Buffer][]][])('refuses %s', (_, items) => {
    expect(() => decodeContentList(encodeRawList(items))).toThrow(DamageError)
  })

  it('refuses more than 65,536 items, even when they are there', () => {
    const items = Array.from({ length: 65_537 }, (): [bigint, Buffer] => [1n, someId])
    expect(decodeContentList(encodeRawList(items.slice(1))).lengths).toHaveLength(65_536)
    expect(() => decodeContentList(encodeRawList(items))).toThrow(DamageError)
  })

  it('accepts large coverage at a higher level only', () => {
    expect(decodeContentList(encodeRawList([[1n << 40n, someId]], 1)).totalBytes).toBe(2 ** 40)
  })
})

describe('ContentListWriter', () => {
  it('keeps up to 512 references in the entry', () => {
    const blobs = new MemoryBlobs()
    expect(write([], blobs)).toMatchObject({ depth: 0, totalBytes: 0 })
    const ids = chunks(512, 1)
    const content = write(ids, blobs)
    expect(content.depth).toBe(0)
    expect(content.ids).toEqual(Buffer.concat(ids))
    expect(blobs.blobs.size).toBe(0)
  })

  it('turns 513 references into one list', () => {
    const blobs = new MemoryBlobs()
    const content = write(
      Array.from({ length: 513 }, (_, index) => idOf(index)),
      blobs,
    )
    expect(content).toMatchObject({ depth: 1 })
    expect(content.lengths).toHaveLength(1)
    expect(blobs.blobs.size).toBe(1)
  })

  it('closes lists at ids that say so, but not before 64 items, and at 4,096', () => {
    const blobs = new MemoryBlobs()
    const closing = new Set([10, 62, 63, 100, 126, 127, 600, 9999])
    const ids = Array.from({ length: 10_000 }, (_, index) => idOf(index, closing.has(index)))
    const content = write(ids, blobs)
    expect(itemCounts(content, blobs)).toEqual([64, 64, 473, 4096, 4096, 1207])
  })

  it('gives back 100,000 chunks and holes through lists of lists', () => {
    const blobs = new MemoryBlobs()
    const writer = new ContentListWriter(blobs.store)
    const expected: [string, number, boolean, number][] = []
    let offset = 0
    chunks(100_000, 3).forEach((id, index) => {
      // Holes close lists too, so these lists are short and make a second level.
      const isHole = index % 50 === 0
      const bytes = isHole ? 2 ** 33 + index : 1 + index
      if (isHole) writer.appendHole(bytes)
      else writer.append(id, bytes)
      expected.push([(isHole ? hole : id).toString('hex'), bytes, isHole, offset])
      offset += bytes
    })
    const content = writer.finish()
    expect(content.depth).toBe(2)
    expect(content.totalBytes).toBe(offset)
    expect(content.lengths.length).toBeLessThanOrEqual(512)
    expect(readAll(content, blobs)).toEqual(expected)
  })

  it('changes at most four lists when one of 100,000 chunks comes or goes', () => {
    const ids = chunks(100_000, 4)
    const before = new MemoryBlobs()
    const writeEqual = (list: readonly Uint8Array[], blobs: MemoryBlobs): void => {
      const writer = new ContentListWriter(blobs.store)
      for (const id of list) writer.append(id, 131_072)
      writer.finish()
    }
    writeEqual(ids, before)
    expect(before.blobs.size).toBeGreaterThan(100)
    for (const at of [0, 511, 40_321, 99_999]) {
      const inserted = new MemoryBlobs()
      writeEqual(ids.toSpliced(at, 0, idOf(at)), inserted)
      expect(before.missingFrom(inserted)).toBeLessThanOrEqual(4)
      const removed = new MemoryBlobs()
      writeEqual(ids.toSpliced(at, 1), removed)
      expect(before.missingFrom(removed)).toBeLessThanOrEqual(4)
    }
  }, 20_000)

  it('starts anew after each file', () => {
    const blobs = new MemoryBlobs()
    const writer = new ContentListWriter(blobs.store)
    for (let index = 0; index < 700; index++) writer.append(idOf(index), 1)
    writer.finish()
    writer.append(someId, 5)
    expect(writer.finish()).toEqual({
      depth: 0,
      ids: someId,
      lengths: Float64Array.of(5),
      totalBytes: 5,
    })
  })

  it('refuses ids and lengths that cannot be', () => {
    const writer = new ContentListWriter(new MemoryBlobs().store)
    expect(() => writer.append(Buffer.alloc(31), 1)).toThrow(RangeError)
    for (const bytes of [0, -1, 0.5, NaN, 33_554_433]) {
      expect(() => writer.append(someId, bytes)).toThrow(RangeError)
    }
    expect(() => writer.appendHole(2 ** 53)).toThrow(RangeError)
    writer.appendHole(Number.MAX_SAFE_INTEGER)
    expect(() => writer.appendHole(1)).toThrow(SourceError)
  })
})

describe('ContentReader', () => {
  const at = { ids: someId, lengths: Float64Array.of(5) }

  function read(blobs: MemoryBlobs, depth: number, id: Uint8Array, bytes: number): void {
    const source = { depth, size: bytes, ids: Buffer.from(id), lengths: Float64Array.of(bytes) }
    const reader = new ContentReader(source, blobs.load)
    while (reader.next());
  }

  it('passes over the lists that end before the start, and over nothing behind it', () => {
    const blobs = new MemoryBlobs()
    const content = write(chunks(20_000, 11), blobs)
    const all = readAll(content, blobs)
    for (const start of [1, content.totalBytes / 2, content.totalBytes - 1].map(Math.floor)) {
      let loads = 0
      const load = (id: Buffer): Buffer => {
        loads += 1
        return blobs.load(id)
      }
      const source = { ...content, size: content.totalBytes }
      const reader = new ContentReader(source, load, { start })
      const offsets: number[] = []
      while (reader.next()) if (reader.offset >= start) offsets.push(reader.offset)
      const wanted = all.map(([, , , offset]) => offset).filter((offset) => offset >= start)
      expect(offsets).toEqual(wanted)
      if (start === content.totalBytes - 1) expect(loads).toBeLessThanOrEqual(3)
    }
  })

  it('refuses references that do not cover the file', () => {
    const load = new MemoryBlobs().load
    expect(() => new ContentReader({ ...at, depth: 0, size: 4 }, load)).toThrow(DamageError)
    expect(() => new ContentReader({ ...at, depth: 0, size: 6 }, load)).toThrow(DamageError)
    expect(() => new ContentReader({ ...at, depth: 5, size: 5 }, load)).toThrow(DamageError)
    expect(new ContentReader({ ...at, depth: 0, size: 5 }, load).next()).toBe(true)
  })

  it('refuses a list that covers other bytes or has another level', () => {
    const blobs = new MemoryBlobs()
    const list = Buffer.from(blobs.store(encodeRawList([[5n, someId]])))
    expect(() => read(blobs, 1, list, 5)).not.toThrow()
    expect(() => read(blobs, 1, list, 6)).toThrow(/covers 5 bytes instead of 6/)
    expect(() => read(blobs, 1, list, 4)).toThrow(/covers 5 bytes instead of 4/)
    expect(() => read(blobs, 2, list, 5)).toThrow(/level/)
    const higher = Buffer.from(blobs.store(encodeRawList([[5n, list]], 1)))
    expect(() => read(blobs, 1, higher, 5)).toThrow(/level/)
    expect(() => read(blobs, 2, higher, 5)).not.toThrow()
  })

  it('ends at a list that refers to itself', () => {
    let loads = 0
    const list = encodeRawList([[5n, someId]], 3)
    const reader = new ContentReader({ ...at, depth: 4, size: 5 }, () => {
      loads += 1
      return list
    })
    expect(() => reader.next()).toThrow(DamageError)
    expect(loads).toBe(2)
  })

  it('takes a zero id for a hole at every depth', () => {
    expect(() => read(new MemoryBlobs(), 4, hole, 2 ** 50)).not.toThrow()
  })

  it('takes no other id for a hole', () => {
    const almostHole = Buffer.from('01'.padStart(64, '0'), 'hex')
    const source = { depth: 0, size: 5, ids: almostHole, lengths: Float64Array.of(5) }
    const reader = new ContentReader(source, new MemoryBlobs().load)
    expect([reader.next(), reader.isHole]).toEqual([true, false])
  })

  it('reads the content of an entry', () => {
    const blobs = new MemoryBlobs()
    const list = Buffer.from(
      blobs.store(
        encodeRawList([
          [5n, someId],
          [7n, hole],
        ]),
      ),
    )
    const page = decodeTreePage(
      encodeRawPage([
        rawEntry('a'),
        rawEntry('b', { flags: 0x10, size: 12n, chunks: [[12n, list]] }),
      ]),
    )
    expect(readContent(page, 0, blobs.load).next()).toBe(false)
    const reader = readContent(page, 1, blobs.load)
    expect([reader.next(), reader.bytes, reader.isHole, reader.offset]).toEqual([true, 5, false, 0])
    expect(reader.id).toEqual(someId)
    expect([reader.next(), reader.bytes, reader.isHole, reader.offset]).toEqual([true, 7, true, 5])
    expect([reader.next(), reader.offset, reader.next(), reader.offset]).toEqual([
      false,
      12,
      false,
      12,
    ])
  })
})
