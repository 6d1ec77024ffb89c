import { describe, expect, it } from 'vitest'
import { STAT_OFFSET, STAT_RECORD_BYTES } from '../../../../src/filesystem/posix/stat-record.ts'
import {
  composeFlags,
  flagChangedWhileRead,
  flagRacy,
} from '../../../../src/format/tree/entry-flags.ts'
import { decodeTreePage } from '../../../../src/format/tree/tree-page.ts'
import { ParentCursor } from '../../../../src/operations/snapshot/parent-cursor.ts'
import { encodeRawPage, rawDirectory, rawEntry, someId } from '../../format/tree/tree-fixture.ts'

/** Every word of each number is in use. */
const entry = {
  size: 0x1_0000_0002n,
  mtime: 0x3_0000_0004n,
  mtimeNs: 5,
  ctime: 0x6_0000_0007n,
  ctimeNs: 8,
  inode: 0x9_0000_000an,
  chunks: [[0x1_0000_0002n, Buffer.alloc(32)]] as const,
}

function cursorAt(flags: number): ParentCursor {
  const raw = rawEntry('name', { ...entry, flags })
  const page = decodeTreePage(encodeRawPage([raw]), someId)
  const cursor = new ParentCursor([page].values())
  expect(cursor.find(Buffer.from('name'), 0, 4)).toBe(true)
  return cursor
}

function statusRecord(): DataView {
  const view = new DataView(new ArrayBuffer(STAT_RECORD_BYTES))
  view.setUint32(STAT_OFFSET.mode, 0o100644, true)
  view.setBigUint64(STAT_OFFSET.size, entry.size, true)
  view.setBigUint64(STAT_OFFSET.ino, entry.inode, true)
  view.setBigInt64(STAT_OFFSET.mtimeSec, entry.mtime, true)
  view.setUint32(STAT_OFFSET.mtimeNsec, entry.mtimeNs, true)
  view.setBigInt64(STAT_OFFSET.ctimeSec, entry.ctime, true)
  view.setUint32(STAT_OFFSET.ctimeNsec, entry.ctimeNs, true)
  return view
}

function isUnchanged(view: DataView, flags = 0): boolean {
  return cursorAt(flags).isUnchanged(new Uint32Array(view.buffer), 0)
}

describe('a file', () => {
  it('is unchanged only when nothing differs', () => {
    expect(isUnchanged(statusRecord())).toBe(true)
    const { mode, size, ino, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = STAT_OFFSET
    const low = [mode, size, ino, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec]
    const words = [...low, size + 4, ino + 4, mtimeSec + 4, ctimeSec + 4]
    for (const word of words) {
      const view = statusRecord()
      view.setUint32(word, view.getUint32(word, true) ^ 1, true)
      expect(isUnchanged(view), `word at ${word}`).toBe(false)
    }
  })

  it('is read again when its stamps could not be trusted, or it changed while it was read', () => {
    expect(isUnchanged(statusRecord(), flagRacy)).toBe(false)
    expect(isUnchanged(statusRecord(), flagChangedWhileRead)).toBe(false)
  })
})

describe('what a file of the parent held', () => {
  const ids = [1, 2, 3].map((byte) => Buffer.alloc(32, byte))
  const raws = [
    rawEntry('a', { size: 10n, chunks: [[10n, ids[0]]] }),
    rawDirectory('b'),
    rawEntry('c', {
      size: 50n,
      chunks: [
        [20n, ids[1]],
        [30n, ids[2]],
      ],
    }),
    rawEntry('empty'),
    // Depth 1: its reference leads to a list and not to bytes of the file.
    rawEntry('listed', { size: 9n, chunks: [[9n, ids[0]]], flags: composeFlags(0, 1, 0) }),
  ]

  function idsOf(name: string): Uint8Array | undefined {
    const cursor = new ParentCursor([decodeTreePage(encodeRawPage(raws), someId)].values())
    expect(cursor.find(Buffer.from(name), 0, name.length)).toBe(true)
    return cursor.contentIds
  }

  it('is its own references, in order', () => {
    expect(idsOf('a')).toEqual(ids[0])
    expect(idsOf('c')).toEqual(Buffer.concat([ids[1], ids[2]]))
    expect(idsOf('empty')).toEqual(Buffer.alloc(0))
  })

  it('is not known where the references lead to lists, or to the pages of a directory', () => {
    expect(idsOf('listed')).toBeUndefined()
    expect(idsOf('b')).toBeUndefined()
  })
})
