import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { safeText } from '../../../../src/cli/output/safe-text.ts'

describe('safeText()', () => {
  it('makes control characters and direction changes visible', () => {
    expect(safeText('a\u001b[2J\u0007\r\u009b\u202eb')).toBe('a\\x1b[2J\\x07\\x0d\\x9b\\u202eb')
  })

  it('keeps line ends, backslashes and all other text', () => {
    const text = 'Cannot read "a\\n"\n  日本 👍 é'
    expect(safeText(text)).toBe(text)
  })

  it('lets no control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(safeText(text).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})
