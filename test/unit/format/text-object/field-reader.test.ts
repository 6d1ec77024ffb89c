import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { createFieldReader } from '../../../../src/format/text-object/field-reader.ts'
import type { JsonFields } from '../../../../src/format/text-object/json-text.ts'
import { errorOf } from '../object/refusals.ts'

describe('createFieldReader()', () => {
  it('finds own fields only', () => {
    const fields = createFieldReader(Object.create({ a: 'x' }) as JsonFields, 'config')
    expect(fields.has('a')).toBe(false)
    expect(() => fields.text('a', 9)).toThrow(DamageError)
    expect(fields.raw('constructor')).toBeUndefined()
  })

  it('names fields by their path, and the object', () => {
    const fields = createFieldReader({ a: { b: [1] } }, 'config')
    const read = () => fields.object('a').list('b', { itemCountMax: 0 }, () => 0)
    expect(errorOf(read)).toMatchObject({
      message: 'Cannot read config, field "a.b": 1 items are too many',
      facts: { field: 'a.b' },
    })
  })

  it('cuts the name of an unknown field, which may be of any length', () => {
    const fields = createFieldReader({ ['x'.repeat(1e6)]: 1 }, 'config')
    expect((errorOf(() => fields.only(['a'])) as Error).message.length).toBeLessThan(200)
  })
})
