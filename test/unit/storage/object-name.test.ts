import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  assertObjectFolder,
  assertObjectName,
  isContentNamed,
  isObjectName,
  objectFiles,
  objectFolders,
} from '../../../src/storage/object-name.ts'

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.nat(15).map((digit) => digit.toString(16)),
      { minLength: digits, maxLength: digits },
    )
    .map((list) => list.join(''))

describe('objectFiles()', () => {
  it('keeps the files whose names are names of objects of the folder', () => {
    const odd = fc.constantFrom(
      'README.md',
      '',
      'F'.repeat(64),
      'g'.repeat(64),
      `${'a'.repeat(63)}\n`,
    )
    const files = fc.array(fc.oneof(hex(64), hex(32), hex(63), odd))
    fc.assert(
      fc.property(fc.constantFrom(...objectFolders), files, (folder, names) => {
        expect(objectFiles(folder, names)).toEqual(
          names.filter((name) => isObjectName(`${folder}/${name}`)),
        )
      }),
    )
  })
})

describe('isObjectName()', () => {
  it('knows the names of docs/FORMAT.md, section 1', () => {
    const contentFolder = fc.constantFrom('packs', 'index', 'snapshots', 'journal')
    fc.assert(
      fc.property(contentFolder, hex(64), (folder, digits) => {
        expect(isObjectName(`${folder}/${digits}`)).toBe(true)
        expect(isContentNamed(`${folder}/${digits}`)).toBe(true)
      }),
    )
    fc.assert(
      fc.property(fc.constantFrom('keys', 'locks'), hex(32), (folder, digits) => {
        expect(isObjectName(`${folder}/${digits}`)).toBe(true)
        expect(isContentNamed(`${folder}/${digits}`)).toBe(false)
      }),
    )
    expect(isObjectName('config')).toBe(true)
    expect(isContentNamed('config')).toBe(false)
  })

  it('never knows a name that leads out of the storage', () => {
    const part = fc.oneof(
      fc.string(),
      hex(64),
      hex(32),
      fc.constantFrom('..', '.', '', '\0', ...objectFolders),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const name = parts.join('/')
        if (!isObjectName(name)) return
        expect(name).toMatch(/^(?:config|[a-z]+\/[0-9a-f]+)$/)
        expect(name).not.toContain('\n')
      }),
    )
  })
})

describe('assertObjectName() and assertObjectFolder()', () => {
  it('throw RangeError with the name in quotes', () => {
    expect(() => assertObjectName('../x\n')).toThrow(
      new RangeError('Not an object name: "../x\\n"'),
    )
    expect(() => assertObjectFolder('tmp')).toThrow(new RangeError('Not an object folder: "tmp"'))
  })
})
