import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { DirectoryWriter } from '../../../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../../../src/format/tree/entry-draft.ts'
import { encodeExtras } from '../../../../src/format/tree/extras.ts'
import {
  countEntriesUpTo,
  decodeTreePage,
  findEntry,
} from '../../../../src/format/tree/tree-page.ts'
import { column } from '../../../../src/format/tree/tree-limits.ts'
import {
  encodeRawPage,
  fillDraft,
  MemoryBlobs,
  rawChild,
  rawDirectory,
  rawEntry,
  rawLink,
  readEntry,
  someId,
  type RawEntry,
} from './tree-fixture.ts'

// Written by a third encoder (Python's struct) after docs/FORMAT.md; it must never change.
const golden = Buffer.from(
  '540100000400000003000000050000003800000000000000ed410000b0610000ed890000ffa1000000000000' +
    '00000000e8030000010000000000000006000000feffffff0200000000000000000000000700030000000000' +
    '0000000000000000050000000400000002000000000000000100000000000000ffffffff00f1536500000000' +
    '05000000ffffffff0000000000ffffff00000000ffc99a3b0000000001000000060000000000000000000000' +
    '0000000000000000000000000000000002000000000000000000000000000000020000000000000000000000' +
    '0000000007000000000000000000000000000000010000000000000001000000000000000200000000000000' +
    '01000000010000000200000001000000000000002f0000000000000009000000980000000000000005000000' +
    '0000000001000000000000000101010101010101010101010101010101010101010101010101010101010101' +
    '0000000000000000000000000000000000000000000000000000000000000000000102030405060708090a0b' +
    '0c0d0e0f101112131415161718191a1b1c1d1e1f616262ff6302080000000800000001000000031d00000002' +
    '00060000000000757365722e61070002000000757365722e616200ff01040000002e2e2f78',
  'hex',
)

const goldenEntries: RawEntry[] = [
  rawEntry('a', {
    mode: 0o040755,
    size: 1n << 33n,
    mtime: -1n,
    mtimeNs: 999_999_999,
    chunks: [[152n, Buffer.alloc(32, 1)]],
  }),
  rawEntry('b', {
    mode: 0o060660,
    gid: 6,
    mtime: 1_700_000_000n,
    extra: encodeExtras({
      device: { major: 8, minor: 1 },
      attributes: [
        { name: Buffer.from('user.ab'), value: Buffer.from([0, 0xff]) },
        { name: Buffer.from('user.a'), value: Buffer.alloc(0) },
      ],
    }),
  }),
  rawEntry(Buffer.from([0x62, 0xff]), {
    mode: 0o104755,
    uid: 1000,
    gid: 4_294_967_294,
    flags: 0x30007,
    size: (1n << 32n) + 5n,
    mtime: -(1n << 40n),
    mtimeNs: 1,
    ctime: 1n << 33n,
    ctimeNs: 2,
    inode: (1n << 32n) + 7n,
    chunks: [
      [1n << 32n, Buffer.alloc(32)],
      [5n, Buffer.from(Array.from({ length: 32 }, (_, index) => index))],
    ],
  }),
  rawLink('c', '../x', { uid: 1, gid: 2, mtime: 5n, mtimeNs: 6 }),
]

function decodeRaw(entries: readonly RawEntry[], level = 0): unknown {
  return decodeTreePage(encodeRawPage(entries, level))
}

describe('decodeTreePage()', () => {
  it('reads the golden page', () => {
    const page = decodeTreePage(golden)
    expect(page.level).toBe(0)
    expect(page.entryCount).toBe(4)
    expect(page.chunkCount).toBe(3)
    expect([0, 1, 2, 3].map((index) => readEntry(page, index))).toEqual(goldenEntries)
    expect(page.mtimeSeconds(0)).toBe(-1)
    expect(page.mtimeSeconds(2)).toBe(-(2 ** 40))
    expect(page.ctimeSeconds(2)).toBe(2 ** 33)
    expect([...page.column(column.mode)]).toEqual(goldenEntries.map((entry) => entry.mode))
    expect([...page.chunkOffsets]).toEqual([0, 1, 1, 3, 3])
    expect(page.chunkIdsOf(2).subarray(32)).toEqual(goldenEntries[2].chunks[1][1])
  })

  it.each([0, 1, 2, 3])('reads a page that begins %i bytes off a word', (shift) => {
    const room = Buffer.alloc(golden.length + 8)
    golden.copy(room, shift)
    const page = decodeTreePage(room.subarray(shift, shift + golden.length))
    expect([0, 1, 2, 3].map((index) => readEntry(page, index))).toEqual(goldenEntries)
  })

  it('reads an empty page and a page of a higher level', () => {
    expect(decodeTreePage(encodeRawPage([])).entryCount).toBe(0)
    const page = decodeTreePage(encodeRawPage([rawChild('a', 3n, 500n, someId)], 8))
    expect(page.level).toBe(8)
    expect(page.sizeOf(0)).toBe(3)
    expect(page.chunkBytes(0)).toBe(500)
  })

  it('refuses every truncation and every added byte', () => {
    for (let length = 0; length < golden.length; length++) {
      expect(() => decodeTreePage(golden.subarray(0, length))).toThrow(DamageError)
    }
    expect(() => decodeTreePage(Buffer.concat([golden, Buffer.alloc(1)]))).toThrow(DamageError)
  })

  it.each([
    ['magic', 0, 0x55],
    ['version', 1, 2],
    ['level', 2, 9],
    ['first reserved byte', 3, 1],
    ['second reserved field', 20, 1],
  ])('refuses another %s', (_, offset, value) => {
    const page = Buffer.from(golden)
    page[offset] = value
    expect(() => decodeTreePage(page)).toThrow(DamageError)
  })

  it.each([4, 8, 12, 16])('refuses a huge count at byte %i before it allocates', (offset) => {
    const page = Buffer.from(golden)
    page.writeUInt32LE(0xffffffff, offset)
    expect(() => decodeTreePage(page)).toThrow(DamageError)
  })

  it('refuses 65,537 entries even when they are there', () => {
    const entries = Array.from({ length: 65_537 }, (_, index) =>
      rawEntry(String(index).padStart(6, '0')),
    )
    expect(() => decodeRaw(entries)).toThrow(/65537 entries/)
    expect(() => decodeRaw(entries.slice(1))).not.toThrow()
  })

  it('refuses columns whose sums wrap around 32 bits', () => {
    const page = encodeRawPage([rawEntry('a'), rawEntry('b')])
    const nameBytes = 24 + 8 * column.nameBytes
    page.writeUInt32LE(0xffffffff, nameBytes)
    page.writeUInt32LE(3, nameBytes + 4)
    expect(() => decodeTreePage(page)).toThrow(DamageError)
  })

  it('refuses a header that tells of fewer bytes than there are', () => {
    const bytes = Buffer.from(golden)
    bytes.writeUInt32LE(bytes.readUInt32LE(16) - 1, 16)
    expect(() => decodeTreePage(bytes)).toThrow(DamageError)
  })

  it('refuses lengths that leave bytes over', () => {
    for (const which of [column.nameBytes, column.extraBytes]) {
      const page = encodeRawPage([rawEntry('ab'), rawLink('c', 'defghi')])
      page[24 + 8 * which + (which === column.nameBytes ? 0 : 4)] -= 1
      expect(() => decodeTreePage(page)).toThrow(/add up/)
    }
  })

  it('keeps a copy of the id that it is given', () => {
    const id = Buffer.from(someId)
    const page = decodeTreePage(golden, id)
    id[0] = 0
    expect(page.id).toEqual(someId)
    expect(decodeTreePage(golden).id).toBeUndefined()
    expect(() => decodeTreePage(golden, Buffer.alloc(31))).toThrow(RangeError)
  })

  it.each(['', '.', '..', '/', 'a/b', 'a\0', '\0', 'n'.repeat(256)])(
    'refuses the name %j',
    (name) => {
      expect(() => decodeRaw([rawEntry(name)])).toThrow(DamageError)
    },
  )

  it.each(['...', '..a', '.a', '\n', 'ü', 'n'.repeat(255)])('accepts the name %j', (name) => {
    expect(() => decodeRaw([rawEntry(name)])).not.toThrow()
  })

  it('refuses names that are out of order, equal, or in signed order', () => {
    expect(() => decodeRaw([rawEntry('b'), rawEntry('a')])).toThrow(/order/)
    expect(() => decodeRaw([rawEntry('a'), rawEntry('a')])).toThrow(/order/)
    expect(() => decodeRaw([rawEntry('ab'), rawEntry('a')])).toThrow(/order/)
    expect(() => decodeRaw([rawEntry(Buffer.of(0x80)), rawEntry(Buffer.of(0x7f))])).toThrow(/order/)
    expect(() => decodeRaw([rawEntry(Buffer.of(0x7f)), rawEntry(Buffer.of(0x80))])).not.toThrow()
  })

  const device = encodeExtras({ device: { major: 1, minor: 3 } })
  const hole = Buffer.alloc(32)
  const wrong: [string, RawEntry][] = [
    ['a socket', rawEntry('a', { mode: 0o140644 })],
    ['no type', rawEntry('a', { mode: 0o644 })],
    ['bits above the mode', rawEntry('a', { mode: 0o300644 })],
    ['flag bit 3', rawEntry('a', { flags: 8 })],
    ['flag bit 8', rawEntry('a', { flags: 256 })],
    ['a device without a second link', rawEntry('a', { flags: 0x10000 })],
    ['depth 5', rawEntry('a', { flags: 0x50 })],
    ['a depth at a symbolic link', rawLink('a', 'b', { flags: 0x10 })],
    ['a size of 2^53', rawEntry('a', { size: 1n << 53n, chunks: [[1n << 53n, hole]] })],
    ['a size and no content', rawEntry('a', { size: 1n })],
    ['content and no size', rawEntry('a', { chunks: [[1n, someId]] })],
    [
      'an empty reference',
      rawEntry('a', {
        size: 1n,
        chunks: [
          [0n, someId],
          [1n, someId],
        ],
      }),
    ],
    [
      'references that wrap',
      rawEntry('a', {
        size: 1n,
        chunks: [
          [(1n << 64n) - 1n, hole],
          [2n, hole],
        ],
      }),
    ],
    ['a chunk above 32 MiB', rawEntry('a', { size: 33_554_433n, chunks: [[33_554_433n, someId]] })],
    ['10^9 nanoseconds', rawEntry('a', { mtimeNs: 1_000_000_000 })],
    ['10^9 nanoseconds in ctime', rawEntry('a', { ctimeNs: 1_000_000_000 })],
    ['a ctime at a directory', rawDirectory('a', { ctime: 1n })],
    ['a ctime above 2^32 at a directory', rawDirectory('a', { ctime: 1n << 32n })],
    ['an inode at a directory', rawDirectory('a', { inode: 1n })],
    ['a directory with hard links', rawDirectory('a', { flags: 1 })],
    ['a directory without a page', rawDirectory('a', { chunks: [] })],
    [
      'a directory with two pages',
      rawDirectory('a', {
        chunks: [
          [24n, someId],
          [24n, someId],
        ],
      }),
    ],
    ['a directory of 2^53 bytes', rawDirectory('a', { size: 1n << 53n })],
    ['a directory with a hole', rawDirectory('a', { chunks: [[24n, hole]] })],
    ['a page of 23 bytes', rawDirectory('a', { chunks: [[23n, someId]] })],
    ['a page above 32 MiB', rawDirectory('a', { chunks: [[33_554_433n, someId]] })],
    ['a fifo with a size', rawEntry('a', { mode: 0o010644, size: 1n })],
    ['a fifo with content', rawEntry('a', { mode: 0o010644, chunks: [[1n, someId]] })],
    ['a link without target', rawLink('a', '')],
    ['a link with another size', rawLink('a', 'b', { size: 2n })],
    ['a link with content', rawLink('a', 'b', { chunks: [[1n, someId]] })],
    [
      'a target at a file',
      rawEntry('a', { size: 1n, extra: encodeExtras({ linkTarget: Buffer.of(1) }) }),
    ],
    ['a device without number', rawEntry('a', { mode: 0o020644 })],
    ['a device number at a file', rawEntry('a', { extra: device })],
    ['a device number at a fifo', rawEntry('a', { mode: 0o010644, extra: device })],
  ]
  it.each(wrong)('refuses %s', (_, entry) => {
    expect(() => decodeRaw([entry])).toThrow(DamageError)
  })

  const right: [string, RawEntry][] = [
    [
      '2^53 - 1 bytes',
      rawEntry('a', { size: (1n << 53n) - 1n, chunks: [[(1n << 53n) - 1n, hole]] }),
    ],
    [
      'a page whose id is almost zero',
      rawDirectory('a', { chunks: [[24n, Buffer.from('01'.padStart(64, '0'), 'hex')]] }),
    ],
    ['a chunk of 32 MiB', rawEntry('a', { size: 33_554_432n, chunks: [[33_554_432n, someId]] })],
    [
      'a list that covers a terabyte',
      rawEntry('a', { flags: 0x40, size: 1n << 40n, chunks: [[1n << 40n, someId]] }),
    ],
    [
      'the first and the last second',
      rawEntry('a', { mtime: -(1n << 63n), ctime: (1n << 63n) - 1n }),
    ],
    [
      'a hard-linked fifo',
      rawEntry('a', { mode: 0o010644, flags: 0xffff0001, inode: (1n << 64n) - 1n }),
    ],
    ['a character device', rawEntry('a', { mode: 0o020644, extra: device })],
  ]
  it.each(right)('accepts %s', (_, entry) => {
    expect(readEntry(decodeTreePage(encodeRawPage([entry])), 0)).toEqual(entry)
  })

  const child = rawChild('a', 1n, 100n, someId)
  const wrongChildren: [string, RawEntry][] = [
    ...(['mode', 'uid', 'gid', 'flags', 'mtimeNs', 'ctimeNs'] as const).map(
      (field): [string, RawEntry] => [field, { ...child, [field]: 1 }],
    ),
    ...(['mtime', 'ctime', 'inode'] as const).flatMap((field): [string, RawEntry][] => [
      [field, { ...child, [field]: 1n }],
      [`${field} above 2^32`, { ...child, [field]: 1n << 32n }],
    ]),
    ['extras', { ...child, extra: device }],
    ['no entries', { ...child, size: 0n }],
    ['2^53 entries', { ...child, size: 1n << 53n }],
    ['no page', { ...child, chunks: [] }],
    ['two pages', { ...child, chunks: [...child.chunks, ...child.chunks] }],
    ['a hole', { ...child, chunks: [[100n, hole]] }],
  ]
  it.each(wrongChildren)('refuses a reference to a page with %s', (_, entry) => {
    expect(() => decodeRaw([entry], 1)).toThrow(DamageError)
  })

  it('refuses a higher page without entries', () => {
    expect(() => decodeRaw([], 1)).toThrow(/empty/)
  })
})

describe('TreePageBuilder', () => {
  it('writes the golden page, from drafts and from another page', () => {
    const pages: Buffer[] = []
    const writer = new DirectoryWriter((bytes) => {
      pages.push(bytes)
      return someId
    })
    const draft = new EntryDraft()
    for (const entry of goldenEntries) writer.append(fillDraft(draft, entry))
    writer.finish()
    const page = decodeTreePage(golden)
    for (let index = 0; index < page.entryCount; index++) writer.appendFrom(page, index)
    writer.finish()
    writer.append(fillDraft(draft, goldenEntries[0]))
    for (let index = 1; index < page.entryCount; index++) writer.appendFrom(page, index)
    writer.finish()
    expect(pages.map((bytes) => bytes.toString('hex'))).toEqual(
      Array.from({ length: 3 }, () => golden.toString('hex')),
    )
  })

  it('copies what drafts point to', () => {
    const blobs = new MemoryBlobs()
    const writer = new DirectoryWriter(blobs.store)
    const draft = fillDraft(new EntryDraft(), rawLink('a', 'target'))
    const shared = Buffer.from(draft.names)
    draft.names = shared
    writer.append(draft)
    shared[0] = 0x62
    draft.extras[draft.extraEnd - 1] = 0x21
    const page = decodeTreePage(blobs.load(writer.finish().id))
    expect(readEntry(page, 0)).toEqual(rawLink('a', 'target'))
  })
})

describe('findEntry()', () => {
  const names = ['a', 'ab', 'b', 'b!', 'ü']
  const page = decodeTreePage(encodeRawPage(names.map((name) => rawEntry(name))))

  it('finds every name', () => {
    expect(names.map((name) => findEntry(page, Buffer.from(name)))).toEqual([0, 1, 2, 3, 4])
  })

  it.each(['', 'A', 'aa', 'abc', 'c', 'zz', '\xff'])('does not find %j', (name) => {
    expect(findEntry(page, Buffer.from(name, 'latin1'))).toBe(-1)
  })

  it('counts the names up to one', () => {
    expect(countEntriesUpTo(page, Buffer.from(''))).toBe(0)
    expect(countEntriesUpTo(page, Buffer.from('ab'))).toBe(2)
    expect(countEntriesUpTo(page, Buffer.from('zz'))).toBe(4)
    expect(findEntry(decodeTreePage(encodeRawPage([])), Buffer.from('a'))).toBe(-1)
  })
})
