import { describe, expect, it } from 'vitest'
import { EntryDraft } from '../../../../src/format/tree/entry-draft.ts'
import { encodeExtras } from '../../../../src/format/tree/extras.ts'
import { isSameEntry } from '../../../../src/format/tree/is-same-entry.ts'
import { decodeTreePage } from '../../../../src/format/tree/tree-page.ts'
import { encodeRawPage, fillDraft, rawEntry, someId, type RawEntry } from './tree-fixture.ts'

describe('isSameEntry()', () => {
  const entry = rawEntry('name', {
    uid: 1,
    gid: 2,
    flags: 0xffff0001,
    size: (1n << 33n) + 5n,
    mtime: -5n,
    mtimeNs: 3,
    ctime: -(1n << 40n),
    ctimeNs: 4,
    inode: (1n << 63n) + 1n,
    chunks: [
      [5n, someId],
      [1n << 33n, Buffer.alloc(32)],
    ],
    extra: encodeExtras({ attributes: [{ name: Buffer.from('a'), value: Buffer.from('b') }] }),
  })
  const page = decodeTreePage(
    encodeRawPage([rawEntry('a', { size: 1n, chunks: [[1n, someId]] }), entry]),
  )

  it('is true for a draft that says the same, in either convention of words', () => {
    const draft = fillDraft(new EntryDraft(), entry)
    expect(isSameEntry(page, 1, draft)).toBe(true)
    draft.mtimeHigh >>>= 0
    draft.flags |= 0
    expect(isSameEntry(page, 1, draft)).toBe(true)
    expect(isSameEntry(page, 0, draft)).toBe(false)
  })

  const otherId = Buffer.from(someId)
  otherId[31] ^= 1
  const changes: [string, Partial<RawEntry>][] = [
    ['name', { name: Buffer.from('nama') }],
    ['longer name', { name: Buffer.from('names') }],
    ['mode', { mode: 0o100645 }],
    ['uid', { uid: 2 }],
    ['gid', { gid: 3 }],
    ['flags', { flags: 0xfffe0001 }],
    ['size', { size: (1n << 32n) + 5n }],
    ['mtime', { mtime: -6n }],
    ['mtime by 2^32', { mtime: -5n + (1n << 32n) }],
    ['nanoseconds', { mtimeNs: 4 }],
    ['ctime', { ctime: -(1n << 40n) + 1n }],
    ['ctime by 2^32', { ctime: -(1n << 32n) }],
    ['ctime nanoseconds', { ctimeNs: 5 }],
    ['inode', { inode: 1n << 63n }],
    ['inode by 2^32', { inode: 1n }],
    ['fewer references', { chunks: entry.chunks.slice(0, 1) }],
    ['more references', { chunks: [...entry.chunks, [1n, someId]] }],
    ['another length', { chunks: [[6n, someId], entry.chunks[1]] }],
    ['another length by 2^32', { chunks: [[5n + (1n << 32n), someId], entry.chunks[1]] }],
    ['another id', { chunks: [[5n, otherId], entry.chunks[1]] }],
    ['no extras', { extra: Buffer.alloc(0) }],
    [
      'other extras',
      {
        extra: encodeExtras({ attributes: [{ name: Buffer.from('a'), value: Buffer.from('c') }] }),
      },
    ],
  ]
  it.each(changes)('is false for another %s', (_, change) => {
    const draft = fillDraft(new EntryDraft(), { ...entry, ...change })
    expect(isSameEntry(page, 1, draft)).toBe(false)
  })
})
