import { plainHash } from '../../../../src/format/hashing/blob-hasher.ts'
import { describe, expect, it } from 'vitest'
import { DamageError, RepositoryError } from '../../../../src/foundation/errors.ts'
import {
  decodeTextObject,
  encodeTextObject,
  textObjectBytesMax,
} from '../../../../src/format/text-object/text-object.ts'
import { acceptedChanges, errorOf } from '../object/refusals.ts'

const kind = 'holdfast key slot'
const bytes = encodeTextObject(kind, '{"a":"ä"}')

describe('encodeTextObject()', () => {
  it('writes the three pinned lines', () => {
    expect(bytes.toString()).toBe(
      'holdfast key slot 1\n' +
        '{"a":"ä"}\n' +
        'blake3 2cfa1c9f500b0ed22b8070067c850dc093fdf89e35976142761c74625a298f8f\n',
    )
  })

  it('refuses several lines and more than 1 MiB', () => {
    expect(() => encodeTextObject(kind, '{\n}')).toThrow(RangeError)
    expect(() => encodeTextObject(kind, 'x'.repeat(textObjectBytesMax))).toThrow(RangeError)
  })
})

describe('decodeTextObject()', () => {
  it('gives back the second line', () => {
    expect(decodeTextObject(kind, bytes)).toBe('{"a":"ä"}')
  })

  it('refuses every cut and every flipped bit', () => {
    expect(acceptedChanges(bytes, (changed) => decodeTextObject(kind, changed))).toEqual([])
  })

  it('refuses another kind, and anything behind the third line', () => {
    expect(() => decodeTextObject('holdfast repository', bytes)).toThrow(DamageError)
    const longer = Buffer.concat([bytes, Buffer.from('\n')])
    expect(() => decodeTextObject(kind, longer)).toThrow(DamageError)
  })

  it('refuses more than 1 MiB, although its hash is right', () => {
    const head = Buffer.from(`${kind} 1\n${'x'.repeat(textObjectBytesMax)}\n`)
    const hashLine = Buffer.from(`blake3 ${plainHash(head).toString('hex')}\n`)
    expect(() => decodeTextObject(kind, Buffer.concat([head, hashLine]))).toThrow(/too many/)
  })

  it('tells a newer version from damage, whatever follows its first line', () => {
    const newer = Buffer.from('holdfast key slot 2\nsomething else')
    const error = errorOf(() => decodeTextObject(kind, newer))
    expect(error).toBeInstanceOf(RepositoryError)
    expect(error).toMatchObject({ code: 'FORMAT_UNSUPPORTED', facts: { version: 2 } })
    for (const version of ['0', '', '01', '1 ', '-2', '2x']) {
      const wrong = Buffer.from(`holdfast key slot ${version}\n`)
      expect(() => decodeTextObject(kind, wrong)).toThrow(DamageError)
    }
  })
})
