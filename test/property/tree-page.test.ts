import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DamageError } from '../../src/foundation/errors.ts'
import { decodeContentList, encodeContentList } from '../../src/format/tree/content-list.ts'
import { DirectoryWriter } from '../../src/format/tree/directory-writer.ts'
import { EntryDraft } from '../../src/format/tree/entry-draft.ts'
import { composeFlags } from '../../src/format/tree/entry-flags.ts'
import { decodeExtras, encodeExtras } from '../../src/format/tree/extras.ts'
import { compareNames, isEntryName } from '../../src/format/tree/names.ts'
import { decodeTreePage, findEntry, type TreePage } from '../../src/format/tree/tree-page.ts'
import { TreePageBuilder } from '../../src/format/tree/tree-page-builder.ts'
import {
  encodeRawList,
  encodeRawPage,
  fillDraft,
  rawChild,
  rawDirectory,
  rawEntry,
  rawLink,
  readEntry,
  someId,
  type RawEntry,
} from '../unit/format/tree/tree-fixture.ts'

const sizeMax = BigInt(Number.MAX_SAFE_INTEGER)
const seconds = fc.oneof(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.bigInt({ min: -5_000_000_000n, max: 5_000_000_000n }),
  fc.constantFrom(-1n, 0n, (1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 1n, -(1n << 32n)),
)
const nanoseconds = fc.integer({ min: 0, max: 999_999_999 })
const word = fc.integer({ min: 0, max: 0xffffffff })
const name = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 255, size: 'max' }),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.string({ minLength: 1, maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
  )
  .filter((bytes) => isEntryName(bytes, 0, bytes.length))
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
  bytes[0] |= 1
  return Buffer.from(bytes)
})
const permissions = fc.integer({ min: 0, max: 0o7777 })
const attributes = fc.uniqueArray(
  fc.record({
    name: fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => Buffer.from(bytes.map((byte) => byte || 1))),
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 4, selector: (attribute) => attribute.name.toString('hex') },
)
const link = fc.record({
  isLinked: fc.boolean(),
  inode: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  device: fc.integer({ min: 0, max: 0xffff }),
})
const common = fc.record({ name, uid: word, gid: word, mtime: seconds, mtimeNs: nanoseconds })

const chunk = fc.oneof(
  fc.tuple(fc.bigInt({ min: 1n, max: 33_554_432n }), id),
  fc.tuple(fc.bigInt({ min: 1n, max: sizeMax / 8n }), fc.constant(Buffer.alloc(32))),
)
const regular = fc
  .tuple(
    common,
    permissions,
    link,
    fc.array(chunk, { maxLength: 5 }),
    attributes,
    seconds,
    fc.nat(4),
  )
  .map(([fields, bits, { isLinked, inode, device }, chunks, list, ctime, depth]): RawEntry => {
    const flagBits = isLinked ? 7 : 2
    return {
      ...rawEntry(fields.name),
      ...fields,
      mode: 0o100000 | bits,
      flags: composeFlags(flagBits, depth, isLinked ? device : 0),
      size: chunks.reduce((sum, [bytes]) => sum + bytes, 0n),
      ctime,
      ctimeNs: fields.mtimeNs,
      inode,
      chunks,
      extra: encodeExtras({ attributes: list }),
    }
  })
const directory = fc
  .tuple(
    common,
    permissions,
    id,
    fc.integer({ min: 24, max: 33_554_432 }),
    fc.bigInt({ min: 0n, max: sizeMax }),
  )
  .map(([fields, bits, page, bytes, size]): RawEntry => ({
    ...rawDirectory('a', { chunks: [[BigInt(bytes), page]] }),
    ...fields,
    mode: 0o040000 | bits,
    size,
  }))
const special = fc
  .tuple(
    common,
    permissions,
    link,
    fc.constantFrom('link', 'fifo', 'character', 'block'),
    word,
    word,
  )
  .map(([fields, bits, { isLinked, inode, device }, kind, major, minor]): RawEntry => {
    const linked = isLinked ? { flags: composeFlags(1, 0, device), inode } : {}
    if (kind === 'link') return { ...rawLink('a', `../${major}`), ...fields, ...linked }
    if (kind === 'fifo') return { ...rawEntry('a'), ...fields, ...linked, mode: 0o010000 | bits }
    const type = kind === 'block' ? 0o060000 : 0o020000
    const extra = encodeExtras({ device: { major, minor } })
    return { ...rawEntry('a'), ...fields, ...linked, mode: type | bits, extra }
  })
const entries = fc
  .uniqueArray(fc.oneof(regular, directory, special), {
    maxLength: 12,
    selector: (entry) => Buffer.from(entry.name).toString('hex'),
  })
  .map((list) => list.toSorted((left, right) => compareNames(left.name, right.name)))

function plain(entry: RawEntry): unknown {
  return {
    ...entry,
    name: Buffer.from(entry.name),
    chunks: entry.chunks.map(([bytes, chunkId]) => [bytes, Buffer.from(chunkId)]),
  }
}

/** What the program itself would write for the entries of a page. */
function encodeAgain(page: TreePage): Buffer {
  const builder = new TreePageBuilder()
  for (let index = 0; index < page.entryCount; index++) {
    builder.appendFrom(page, index, page.flags(index))
  }
  return builder.encode(page.level)
}

/** True when the bytes are a page; anything but a page that means these bytes or a DamageError fails the test. */
function survives(bytes: Buffer): boolean {
  let page: TreePage
  try {
    page = decodeTreePage(bytes)
  } catch (error) {
    if (error instanceof DamageError) return false
    throw error
  }
  for (let index = 0; index < page.entryCount; index++) {
    if (page.level === 0) decodeExtras(page, index)
    if (findEntry(page, page.name(index)) !== index) throw new Error('a name is not found')
  }
  if (!encodeAgain(page).equals(bytes)) throw new Error('another page was read')
  return true
}

describe('tree pages', () => {
  it('give back every entry, and are the same from both encoders', () => {
    const stored: Buffer[] = []
    const writer = new DirectoryWriter((bytes) => {
      stored.push(bytes)
      return someId
    })
    const draft = new EntryDraft()
    fc.assert(
      fc.property(entries, fc.nat(3), (list, shift) => {
        stored.length = 0
        for (const entry of list) writer.append(fillDraft(draft, entry))
        const { entryCount, bytes } = writer.finish()
        expect(stored).toHaveLength(1)
        expect(stored[0].equals(encodeRawPage(list))).toBe(true)
        expect([entryCount, bytes]).toEqual([list.length, stored[0].length])
        const page = decodeTreePage(Buffer.concat([Buffer.alloc(shift), stored[0]]).subarray(shift))
        expect(list.map((_, index) => plain(readEntry(page, index)))).toEqual(list.map(plain))
        expect(encodeAgain(page).equals(stored[0])).toBe(true)
      }),
    )
  })

  it('with one flipped bit are damaged or another whole page', () => {
    const page = encodeRawPage([
      rawDirectory('a', { size: 1n << 33n, mtime: -1n, mtimeNs: 5 }),
      rawEntry('bb', {
        size: (1n << 32n) + 1n,
        flags: 0x10001,
        inode: 9n,
        chunks: [
          [1n, someId],
          [1n << 32n, Buffer.alloc(32)],
        ],
      }),
      rawLink('c', '../target'),
      rawEntry('d', {
        mode: 0o060660,
        extra: encodeExtras({
          device: { major: 8, minor: 1 },
          attributes: [
            { name: Buffer.from('user.a'), value: Buffer.from('x') },
            { name: Buffer.from('user.b'), value: Buffer.from('yz') },
          ],
        }),
      }),
    ])
    const higher = encodeRawPage(
      [rawChild('a', 5n, 500n, someId), rawChild('k', 7n, 700n, someId)],
      3,
    )
    for (const original of [page, higher]) {
      expect(survives(original)).toBe(true)
      let survivors = 0
      for (let bit = 0; bit < original.length * 8; bit++) {
        const bytes = Buffer.from(original)
        bytes[bit >> 3] ^= 1 << (bit & 7)
        if (survives(bytes)) survivors += 1
      }
      // Ids, owners, times and names may be anything; counts, lengths and reserved bytes may not.
      expect(survivors).toBeGreaterThan(0)
      expect(survivors).toBeLessThan(original.length * 8 * 0.9)
    }
  })

  it('survive overwritten words, cuts and repeats', () => {
    const value = fc.oneof(word, fc.constantFrom(0, 1, 2, 24, 0x7fffffff, 0x80000000, 0xffffffff))
    const change = fc.tuple(fc.nat(), value, fc.constantFrom('word', 'byte', 'cut', 'repeat'))
    fc.assert(
      fc.property(entries, fc.array(change, { minLength: 1, maxLength: 4 }), (list, changes) => {
        let bytes = encodeRawPage(list)
        for (const [position, replacement, how] of changes) {
          const at = position % Math.max(1, bytes.length - 3)
          if (bytes.length < 4) break
          if (how === 'word') bytes.writeUInt32LE(replacement, at & ~3)
          else if (how === 'byte') bytes[at] = replacement
          else if (how === 'cut') bytes = bytes.subarray(0, at)
          else bytes = Buffer.concat([bytes, bytes.subarray(at)])
        }
        survives(Buffer.from(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it('are refused when they are noise with a right beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const bytes = Buffer.concat([Buffer.of(0x54, 1, 0, 0), noise])
        survives(bytes)
      }),
    )
  })
})

describe('content lists', () => {
  const items = fc.array(chunk, { minLength: 1, maxLength: 7 })

  it('give back every item, and are the same from both encoders', () => {
    fc.assert(
      fc.property(items, (list) => {
        const ids = Buffer.concat(list.map(([, chunkId]) => chunkId))
        const lengths = Float64Array.from(list, ([bytes]) => Number(bytes))
        const bytes = encodeContentList(0, { ids, lengths }, 0, list.length)
        expect(bytes.equals(encodeRawList(list))).toBe(true)
        expect(decodeContentList(bytes)).toMatchObject({ level: 0, ids, lengths })
      }),
    )
  })

  it('with one flipped bit are damaged or another whole list', () => {
    const original = encodeRawList([
      [5n, someId],
      [(1n << 32n) + 9n, Buffer.alloc(32)],
    ])
    for (let bit = 0; bit < original.length * 8; bit++) {
      const bytes = Buffer.from(original)
      bytes[bit >> 3] ^= 1 << (bit & 7)
      try {
        const list = decodeContentList(bytes)
        expect(encodeContentList(list.level, list, 0, list.lengths.length).equals(bytes)).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(DamageError)
      }
    }
  })
})
