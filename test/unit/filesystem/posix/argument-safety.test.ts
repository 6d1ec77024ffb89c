import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AT_FDCWD, posix } from '../../../../src/filesystem/posix/posix.ts'
import { codeOf } from '../scratch-directory.ts'

const call = (name: string, args: readonly unknown[]): unknown =>
  (posix as unknown as Record<string, (...values: readonly unknown[]) => unknown>)[name](...args)

const functionNames = Object.keys(posix).filter((name) => name !== 'raiseFileDescriptorLimit')

/** Descriptors far above any that are open, so that random calls cannot hit the test runner's files. */
const harmlessDescriptor = fc.integer({ min: 1_500_000_000, max: 2_147_483_647 })

const oddValue = fc.oneof(
  fc.constantFrom(undefined, null, true, '', 'text', 1n, Symbol('s'), Number.NaN, Infinity),
  fc.constantFrom(-1, -101, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300),
  fc.constantFrom({}, [], new ArrayBuffer(8), new DataView(new ArrayBuffer(8))),
  fc.constantFrom(new Int8Array(8), new Float64Array(1), new Uint16Array(2), () => 0),
)

const argument = fc.oneof(
  { weight: 3, arbitrary: oddValue },
  { weight: 3, arbitrary: harmlessDescriptor },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 64 }) },
)

describe('the addon', () => {
  it('throws TypeError when arguments are missing', () => {
    for (const name of functionNames) {
      expect(() => call(name, []), name).toThrow(TypeError)
    }
  })

  it('answers any arguments with a value or an Error, never with a crash', () => {
    const tuple = fc.tuple(
      fc.constantFrom(...functionNames),
      fc.oneof(harmlessDescriptor, oddValue),
      fc.array(argument, { maxLength: 8 }),
    )
    fc.assert(
      fc.property(tuple, ([name, first, rest]) => {
        try {
          call(name, [first, ...rest])
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 4000 },
    )
  })

  it('takes no typed array but Uint8Array, and no detached one', () => {
    const detached = new Uint8Array(64)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    for (const wrong of [
      new Int8Array(96),
      new Float64Array(12),
      new DataView(new ArrayBuffer(96)),
    ]) {
      expect(() => call('fstat', [0, wrong])).toThrow(TypeError)
    }
    expect(() => posix.fstat(0, detached)).toThrow(RangeError)
    expect(() => posix.read(0, detached, 0, 1, 0)).toThrow(RangeError)
    expect(() => posix.openDirectory(AT_FDCWD, new Uint8Array(0))).toThrow(RangeError)
  })

  it('refuses numbers that are no descriptors, and AT_FDCWD where a file is meant', () => {
    for (const fd of [-1, -99, -101, 1.5, Number.NaN, 2 ** 31]) {
      expect(() => posix.openDirectory(fd, Buffer.from('x')), String(fd)).toThrow(RangeError)
      expect(() => posix.close(fd), String(fd)).toThrow(RangeError)
    }
    expect(() => posix.fchown(AT_FDCWD, 0, 0)).toThrow(RangeError)
    expect(() => posix.close(AT_FDCWD)).toThrow(RangeError)
  })

  it('refuses offsets and lengths outside the buffer, sums beyond 2^53 included', () => {
    const buffer = Buffer.alloc(16)
    const ranges = [
      [0, 17],
      [16, 1],
      [17, 0],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [-1, 1],
      [0, -1],
    ]
    for (const [offset, length] of ranges) {
      expect(() => posix.read(1_999_999_999, buffer, offset, length, 0)).toThrow(RangeError)
      expect(() => posix.write(1_999_999_999, buffer, offset, length, 0)).toThrow(RangeError)
    }
    expect(posix.read(1_999_999_999, buffer, 16, 0, 0)).toBe(0)
  })

  it('checks packed names before it reads them', () => {
    const out = Buffer.alloc(960)
    const packs = [[], [5], [5, 0], [5, 0, 65, 66], [0xff, 0xff, 65]]
    for (const pack of packs) {
      const names = Buffer.from(pack)
      expect(() => posix.statEntries(AT_FDCWD, names, 0, 1, out)).toThrow(RangeError)
    }
    const names = Buffer.from([1, 0, 0x2e])
    expect(posix.statEntries(AT_FDCWD, names, 0, 1, out)).toBe(3)
    expect(() => posix.statEntries(AT_FDCWD, names, 0, 11, out)).toThrow(RangeError)
    expect(() => posix.statEntries(AT_FDCWD, names, 0, 1, out, 865)).toThrow(RangeError)
    expect(() => posix.statEntries(AT_FDCWD, names, 4, 1, out)).toThrow(RangeError)
    expect(() => posix.statEntries(AT_FDCWD, names, 0, 2 ** 32, out)).toThrow(RangeError)
  })

  it('refuses names with NUL or more than 4095 bytes', () => {
    for (const name of [Buffer.from('a\0b'), Buffer.alloc(4096, 'x'), Buffer.alloc(100_000, 'x')]) {
      expect(() => posix.openDirectory(AT_FDCWD, name)).toThrow(RangeError)
    }
    expect(codeOf(() => posix.openDirectory(AT_FDCWD, Buffer.alloc(4095, 'x')))).toBe(
      'ENAMETOOLONG',
    )
  })
})

describe('errnoName()', () => {
  it('names errors as Node does', () => {
    const names = [1, 2, 5, 13, 17, 20, 21, 28, 30, 39, 40, 61, 75, 95, 116, 117, 122]
    expect(names.map((errno) => posix.errnoName(errno))).toEqual([
      'EPERM',
      'ENOENT',
      'EIO',
      'EACCES',
      'EEXIST',
      'ENOTDIR',
      'EISDIR',
      'ENOSPC',
      'EROFS',
      'ENOTEMPTY',
      'ELOOP',
      'ENODATA',
      'EOVERFLOW',
      'EOPNOTSUPP',
      'ESTALE',
      'EUCLEAN',
      'EDQUOT',
    ])
    expect(posix.errnoName(9999)).toBe('UNKNOWN')
  })
})
