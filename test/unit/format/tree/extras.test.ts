import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import { decodeExtras, encodeExtras, type EntryExtras } from '../../../../src/format/tree/extras.ts'
import { decodeTreePage } from '../../../../src/format/tree/tree-page.ts'
import { encodeRawPage, rawEntry, rawLink } from './tree-fixture.ts'

function attribute(name: string, value = ''): { name: Buffer; value: Buffer } {
  return { name: Buffer.from(name), value: Buffer.from(value) }
}

function decodeWith(extra: Buffer): unknown {
  return decodeTreePage(encodeRawPage([rawEntry('a', { extra })]))
}

describe('encodeExtras()', () => {
  it('writes nothing for nothing', () => {
    expect(encodeExtras({})).toHaveLength(0)
    expect(encodeExtras({ attributes: [] })).toHaveLength(0)
  })

  it('writes records in the order of their tags and attributes in the order of their names', () => {
    const extras = encodeExtras({
      attributes: [attribute('user.b', 'x'), attribute('user.a')],
      device: { major: 1, minor: 0xffffffff },
      linkTarget: Buffer.from('t'),
    })
    expect(extras.toString('hex')).toBe(
      '0101000000' +
        '74' +
        '0208000000' +
        '01000000ffffffff' +
        '031b000000' +
        '0200' +
        '060000000000' +
        '757365722e61' +
        '060001000000' +
        '757365722e62' +
        '78',
    )
  })

  const impossible: [string, EntryExtras][] = [
    ['an empty target', { linkTarget: Buffer.alloc(0) }],
    ['a target with NUL', { linkTarget: Buffer.from('a\0') }],
    ['a device number of 2^32', { device: { major: 4_294_967_296, minor: 0 } }],
    ['a negative device number', { device: { major: 0, minor: -1 } }],
    ['an attribute without name', { attributes: [attribute('')] }],
    ['an attribute name with NUL', { attributes: [attribute('a\0')] }],
    ['an attribute name of 256 bytes', { attributes: [attribute('n'.repeat(256))] }],
    ['an attribute twice', { attributes: [attribute('a'), attribute('b'), attribute('a')] }],
  ]
  it.each(impossible)('refuses %s', (_, extras) => {
    expect(() => encodeExtras(extras)).toThrow(RangeError)
  })
})

describe('decodeExtras()', () => {
  it('gives back link targets, device numbers and attributes', () => {
    const attributes = [attribute('system.posix_acl_access', '\x02\0'), attribute('user.x')]
    const device = { major: 259, minor: 1_048_575 }
    const page = decodeTreePage(
      encodeRawPage([
        rawEntry('a', { mode: 0o060600, extra: encodeExtras({ device, attributes }) }),
        rawEntry('b'),
        rawLink('c', '../t'),
      ]),
    )
    expect(decodeExtras(page, 0)).toEqual({ device, attributes })
    expect(decodeExtras(page, 1)).toEqual({ attributes: [] })
    expect(decodeExtras(page, 2)).toEqual({ linkTarget: Buffer.from('../t'), attributes: [] })
  })

  it.each([
    ['an unknown tag', '0409000000010001000000000061'],
    ['tag 0', '0000000000'],
    ['a tag twice', '030900000001000100000000006103090000000100010000000000' + '61'],
    ['tags in the wrong order', '0309000000010001000000000061' + '02080000000000000000000000'],
    ['a record header that is cut short', '03090000'],
    ['a record that is cut short', '030900000001000100000000'],
    ['a record that is longer than 2^31', '03ffffffff010001000000000061'],
    ['a list of attributes without count', '030100000000'],
    ['an empty list of attributes', '03020000000000'],
    ['fewer attributes than counted', '0309000000020001000000000061'],
    ['more attributes than counted', '0310000000010001000000000061' + '01000000000062'],
    ['a value that is cut short', '0309000000010001000100000061'],
    ['a value of 2^32 - 1 bytes', '0309000000010001' + '00ffffffff61'],
    ['an attribute without name', '03080000000100000000000000'],
    ['an attribute name with NUL', '0309000000010001000000000000'],
    ['attributes out of order', '0310000000020001000000000062' + '01000000000061'],
    ['the same attribute twice', '0310000000020001000000000061' + '01000000000061'],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeWith(Buffer.from(hex, 'hex'))).toThrow(DamageError)
  })

  it('accepts what the refused ones were made from', () => {
    expect(() => decodeWith(Buffer.from('0309000000010001000000000061', 'hex'))).not.toThrow()
  })

  it('refuses device numbers that are not eight bytes long, and targets with NUL', () => {
    const short = rawEntry('a', { mode: 0o020600, extra: Buffer.from('0204000000ffffffff', 'hex') })
    const target = rawLink('a', 'bc', { extra: Buffer.from('01020000006200', 'hex') })
    expect(() => decodeTreePage(encodeRawPage([short]))).toThrow(DamageError)
    expect(() => decodeTreePage(encodeRawPage([target]))).toThrow(DamageError)
  })
})
