import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { formatPairs, formatTable } from '../../../src/foundation/table.ts'
import { textWidth, truncate } from '../../../src/foundation/text-width.ts'

const plain = { width: undefined, heading: (text: string) => text }
const columns = [{ title: 'Name' }, { title: 'Size', align: 'right' as const }, { title: 'Note' }]

describe('formatTable()', () => {
  it('aligns to the widest cell and leaves no blanks at the end', () => {
    const rows = [
      ['a', '1', ''],
      ['long name', '1,000', 'x'],
    ]
    expect(formatTable(columns, rows, plain)).toBe(
      'Name        Size  Note\na              1\nlong name  1,000  x\n',
    )
  })

  it('counts wide characters as two columns and combining ones as none', () => {
    const rows = [
      ['日本', '1', 'x'],
      ['e\u0301', '2', 'y'],
      ['👍', '3', 'z'],
    ]
    const lines = formatTable(columns, rows, plain).trimEnd().split('\n')
    const before = lines.map((line) => textWidth(line.slice(0, line.search(/[A-Z]\w+$|[xyz]$/))))
    expect(new Set(before).size).toBe(1)
  })

  it('cuts the last column only, and only on a terminal', () => {
    const rows = [['a'.repeat(30), '1', 'b'.repeat(100)]]
    const lines = formatTable(columns, rows, { ...plain, width: 60 }).split('\n')
    expect(textWidth(lines[1])).toBe(60)
    expect(lines[1].endsWith('b…')).toBe(true)
    expect(formatTable(columns, rows, plain)).toContain('b'.repeat(100))
  })

  it('leaves columns out where there is no room, in their order', () => {
    const droppable = [
      { title: 'Id' },
      { title: 'First', dropOrder: 1 },
      { title: 'Second', dropOrder: 2 },
      { title: 'Last' },
    ]
    const titles = (width: number): string =>
      formatTable(droppable, [['1', '2', '3', '4']], { ...plain, width }).split('\n')[0]
    expect(titles(80)).toBe('Id  First  Second  Last')
    expect(titles(30)).toBe('Id  Second  Last')
    expect(titles(10)).toBe('Id  Last')
  })

  it('writes the titles of an empty table', () => {
    expect(formatTable(columns, [], plain)).toBe('Name  Size  Note\n')
  })
})

describe('formatPairs()', () => {
  it('aligns the values', () => {
    const pairs = [
      ['a', '1'],
      ['long', '2'],
    ] as const
    expect(formatPairs(pairs, '  ')).toBe('  a     1\n  long  2\n')
  })
})

describe('truncate()', () => {
  it('never exceeds the width and keeps what fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, width) => {
        const cut = truncate(text, width)
        expect(textWidth(cut)).toBeLessThanOrEqual(width)
        if (textWidth(text) <= width) expect(cut).toBe(text)
      }),
    )
  })
})
