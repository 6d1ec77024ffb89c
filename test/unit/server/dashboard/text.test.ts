import { describe, expect, it } from 'vitest'

import {
  byteText,
  exactByteText,
  percentText,
  ratioText,
} from '../../../../src/server/dashboard/text/number-text.ts'
import { dayText, relativeTimeText } from '../../../../src/server/dashboard/text/time-text.ts'
import { visibleText } from '../../../../src/server/dashboard/text/visible-text.ts'

describe('texts of the dashboard', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [1_234_567, '1.2 MiB'],
    [-2048, '−2.0 KiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ])('say %d bytes as the command does', (bytes, text) => {
    expect(byteText(bytes)).toBe(text)
  })

  it('say exact sizes, shares and ratios', () => {
    expect(exactByteText(1_234_567)).toBe('1,234,567 bytes')
    expect([percentText(1), percentText(0.973), percentText(0)]).toEqual(['100 %', '97.3 %', '0 %'])
    expect([ratioText(null), ratioText(3.456), ratioText(77.21)]).toEqual(['–', '3.46 ×', '77.2 ×'])
  })

  it.each([
    [10_000, 'just now'],
    [5 * 60_000, '5 min ago'],
    [47 * 3_600_000, '47 h ago'],
    [3 * 86_400_000, '3 d ago'],
    [-2 * 3_600_000, 'in 2 h'],
    [-1000, 'in a moment'],
  ])('say how long ago %d ms are', (ageMs, text) => {
    const nowMs = Date.parse('2026-11-26T12:00:00Z')
    expect(relativeTimeText(nowMs - ageMs, nowMs)).toBe(text)
  })

  it('say days', () => {
    expect(dayText('2026-11-03')).toBe('3 Nov')
  })

  it('leave nothing unseen in names', () => {
    expect(visibleText('cover\u202Egnp.js')).toBe('cover\\u202egnp.js')
    expect(visibleText('a\u0000b\u001bc\u0085d')).toBe('a\\x00b\\x1bc\\x85d')
    expect(visibleText('two\nlines\tand\r')).toBe('two\\nlines\\tand\\r')
    expect(visibleText('zero\u200bwidth\ufeff')).toBe('zero\\u200bwidth\\ufeff')
    expect(visibleText('lone \ud800 surrogate')).toBe('lone \\ud800 surrogate')
  })

  it('leave names of any language, and what other programs would take for markup, as they are', () => {
    for (const name of [
      'Grüße',
      '数据.bin',
      'наша',
      '🗄️',
      '<img src=x onerror=alert(1)>',
      'a\\b',
    ]) {
      expect(visibleText(name)).toBe(name)
    }
  })
})
