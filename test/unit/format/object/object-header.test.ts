import { describe, expect, it } from 'vitest'
import { DamageError, RepositoryError } from '../../../../src/foundation/errors.ts'
import {
  checkObjectHeader,
  decodeObjectHeader,
  encodeObjectHeader,
} from '../../../../src/format/object/object-header.ts'
import type { ObjectHeader } from '../../../../src/format/object/object-header.ts'
import { countingBytes, repositoryId, salt } from './fixed-repository.ts'
import { acceptedChanges, errorOf } from './refusals.ts'

const header: ObjectHeader = { type: 'index', sealed: true, repositoryId, salt }

describe('encodeObjectHeader()', () => {
  it('writes the 64 bytes of the format', () => {
    expect(encodeObjectHeader(header).toString('hex')).toBe(
      '484f4c4446415354' +
        '01' +
        '02' +
        '01' +
        '0000000000' +
        'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf' +
        '404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f',
    )
  })

  it('numbers pack, index, snapshot and journal 1 to 4', () => {
    const types = ['pack', 'index', 'snapshot', 'journal'] as const
    expect(types.map((type) => encodeObjectHeader({ ...header, type })[9])).toEqual([1, 2, 3, 4])
  })

  it('refuses a repository id or a salt of another length', () => {
    expect(() => encodeObjectHeader({ ...header, repositoryId: salt })).toThrow(RangeError)
    expect(() => encodeObjectHeader({ ...header, salt: repositoryId })).toThrow(RangeError)
  })
})

describe('decodeObjectHeader()', () => {
  it('reads back what was written, whatever follows', () => {
    const bytes = Buffer.concat([encodeObjectHeader(header), countingBytes(5)])
    expect(decodeObjectHeader(bytes)).toEqual(header)
  })

  it('does not keep the object alive', () => {
    const bytes = Buffer.concat([encodeObjectHeader(header), Buffer.alloc(1 << 20)])
    expect(decodeObjectHeader(bytes).salt.buffer).not.toBe(bytes.buffer)
  })

  it('refuses every cut and every flipped bit of the fields it checks itself', () => {
    const bytes = encodeObjectHeader(header)
    // Type, sealing, id and salt have other valid values; their flips are for checkObjectHeader and
    // the tags.
    const accepted = acceptedChanges(bytes, decodeObjectHeader)
    const acceptedBytes = new Set(accepted.map((change) => Number(/byte (\d+)/.exec(change)?.[1])))
    expect([...acceptedBytes].filter((byte) => byte < 9 || (byte > 10 && byte < 16))).toEqual([])
    expect(accepted.filter((change) => change.startsWith('cut'))).toEqual([])
  })

  it('refuses a sealing that there is not', () => {
    const bytes = encodeObjectHeader(header)
    for (const sealing of [2, 3, 255]) {
      bytes[10] = sealing
      expect(() => decodeObjectHeader(bytes)).toThrow(DamageError)
    }
  })

  it('tells a newer version from damage', () => {
    const bytes = encodeObjectHeader(header)
    bytes[8] = 2
    const error = errorOf(() => decodeObjectHeader(bytes))
    expect(error).toBeInstanceOf(RepositoryError)
    expect(error).toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
    bytes[8] = 0
    expect(() => decodeObjectHeader(bytes)).toThrow(DamageError)
  })
})

describe('checkObjectHeader()', () => {
  it('accepts the object that was expected', () => {
    expect(() => checkObjectHeader(header, header)).not.toThrow()
  })

  it.each([
    ['another type', { type: 'snapshot' as const }],
    ['no encryption', { sealed: false }],
    ['another repository', { repositoryId: countingBytes(16) }],
  ])('refuses %s', (_name, change) => {
    expect(() => checkObjectHeader({ ...header, ...change }, header)).toThrow(DamageError)
  })
})
