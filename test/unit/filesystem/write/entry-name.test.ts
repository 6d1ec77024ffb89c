import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEntryName } from '../../../../src/filesystem/write/entry-name.ts'

describe('isEntryName()', () => {
  it('refuses what is no single component', () => {
    const bad = ['', '.', '..', '/', 'a/b', '/a', 'a/', '../a', 'nul\0', '\0', 'x'.repeat(256)]
    for (const name of bad) expect(isEntryName(Buffer.from(name)), name).toBe(false)
  })

  it('takes odd names that every Linux file system takes', () => {
    const good = ['...', '.a', 'a.', '..a', '\\', 'C:x', 'CON', ' ', '\n', '-rf', 'x'.repeat(255)]
    for (const name of good) expect(isEntryName(Buffer.from(name)), name).toBe(true)
    expect(isEntryName(Buffer.from([0xff, 0xfe]))).toBe(true)
  })

  it('agrees with its definition on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (name) => {
        const text = Buffer.from(name).toString('latin1')
        const isSingle =
          !text.includes('/') && !text.includes('\0') && text !== '.' && text !== '..'
        expect(isEntryName(name)).toBe(isSingle && name.length >= 1 && name.length <= 255)
      }),
    )
  })
})
