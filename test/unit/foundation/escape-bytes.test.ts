import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { escapeBytes, escapeText } from '../../../src/foundation/escape-bytes.ts'

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('escapeBytes()', () => {
  it.each(['', 'a file.txt', 'naïve', '日本語', '🙂👩‍👩‍👧', '\u00a0\u200d\uffff\u{10ffff}'])(
    'shows %j as it is',
    (text) => {
      expect(escapeBytes(Buffer.from(text))).toBe(text)
    },
  )

  it.each([
    ['a\nb', 'a\\nb'],
    ['\x07\b\t\n\v\f\r', '\\a\\b\\t\\n\\v\\f\\r'],
    ['\0\x01\x1b[2J\x7f', '\\x00\\x01\\x1b[2J\\x7f'],
    ['a\\nb', 'a\\\\nb'],
    ['\u0085\u009b', '\\xc2\\x85\\xc2\\x9b'],
    ['ü\u202egpj.exe', 'ü\\xe2\\x80\\xaegpj.exe'],
    ['\u061c\u200e\u200f', '\\xd8\\x9c\\xe2\\x80\\x8e\\xe2\\x80\\x8f'],
    ['\u2028\u2029', '\\xe2\\x80\\xa8\\xe2\\x80\\xa9'],
    ['\u2066\u2069', '\\xe2\\x81\\xa6\\xe2\\x81\\xa9'],
  ])('escapes %j', (text, expected) => {
    expect(escapeBytes(Buffer.from(text))).toBe(expected)
  })

  it.each([
    ['a lone continuation byte', 'a\x80b', 'a\\x80b'],
    ['bytes that never occur', '\xc0\xc1\xf5\xff', '\\xc0\\xc1\\xf5\\xff'],
    ['an overlong slash', '\xc0\xaf', '\\xc0\\xaf'],
    [
      'overlong forms of three and four bytes',
      '\xe0\x9f\xbf\xf0\x8f\xbf\xbf',
      '\\xe0\\x9f\\xbf\\xf0\\x8f\\xbf\\xbf',
    ],
    ['a surrogate', '\xed\xa0\x80', '\\xed\\xa0\\x80'],
    ['what is above U+10FFFF', '\xf4\x90\x80\x80', '\\xf4\\x90\\x80\\x80'],
    ['a sequence that ends early', 'a\xe6\x97', 'a\\xe6\\x97'],
    ['a sequence that is broken by text', '\xe6\x97ab', '\\xe6\\x97ab'],
  ])('escapes %s', (_, text, expected) => {
    expect(escapeBytes(latin1(text))).toBe(expected)
  })

  it('looks at the bytes of its view only', () => {
    expect(escapeBytes(new Uint8Array(Buffer.from('\nab\n')).subarray(1, 3))).toBe('ab')
  })

  it('never gives a control character and can be undone', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.constantFrom('\\', '\\x41', '\u202e', '\u009f', 'ü').map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const bytes = Buffer.concat(pieces)
        const text = escapeBytes(bytes)
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
        expect(unescape(text)).toEqual(bytes)
      }),
    )
  })
})

describe('escapeText()', () => {
  it('escapes text and replaces unpaired surrogates', () => {
    expect(escapeText('host\x1b]0;\ud800')).toBe('host\\x1b]0;\ufffd')
  })
})

const shortEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '\\': 0x5c,
}

function unescape(text: string): Buffer {
  const parts = text.match(/\\x..|\\.|[^\\]+/gsu) ?? []
  return Buffer.concat(
    parts.map((part) => {
      if (part.startsWith('\\x')) return Buffer.from(part.slice(2), 'hex')
      return part.startsWith('\\') ? Buffer.of(shortEscapes[part[1]]) : Buffer.from(part)
    }),
  )
}
