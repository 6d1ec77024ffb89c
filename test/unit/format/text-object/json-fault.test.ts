import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonFault } from '../../../../src/format/text-object/json-fault.ts'
import { parseJsonObject } from '../../../../src/format/text-object/json-text.ts'

describe('jsonFault()', () => {
  it.each([
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice, written in two ways', '{"a":1,"\\u0061":2}'],
    ['a name twice behind others', '{"a":{"b":[{"c":1}]},"d":"a","a" : 2}'],
    ['a name twice further in', '{"x":[1,{"a":1,"b":{},"a":1}]}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['an empty name twice', '{"":1,"":2}'],
    ['half of a surrogate pair', '{"a":"\\ud800"}'],
    ['the other half', '{"a":["x\\uDFFF"]}'],
    ['a half in a name', '{"\\ud83d":1}'],
    ['halves in the wrong order', '{"a":"\\ude00\\ud83d"}'],
  ])('names %s', (_what, text) => {
    expect(jsonFault(text)).toBeDefined()
    expect(() => parseJsonObject(text, 'test')).toThrow(/stands twice|surrogate/)
  })

  it.each([
    '{}',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '{"a\\\\":1,"a\\\\\\"":2,"b":"\\\\"}',
    '{"a":"a","b":"a"}',
    '{"a":"\\ud83d\\ude00 😀 \\\\ud800"}',
    '{ "a" : "x" , "b" : [ "y" , "y" ] }',
  ])('has nothing to say of %s', (text) => {
    expect(jsonFault(text)).toBeUndefined()
    expect(parseJsonObject(text, 'test')).toEqual(JSON.parse(text))
  })

  it('passes everything that JSON.stringify writes of whole text', () => {
    const value = fc.jsonValue({ stringUnit: 'grapheme' })
    fc.assert(fc.property(value, (data) => jsonFault(JSON.stringify(data)) === undefined))
  })

  it('takes no more than linear time for quotes and backslashes', () => {
    const text = JSON.stringify({ a: '\\"'.repeat(2_000_000), b: '\\'.repeat(2_000_000) })
    const startedAtMs = performance.now()
    expect(jsonFault(text)).toBeUndefined()
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  })
})
