import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isInside, resolveBytes } from '../../../src/foundation/byte-path.ts'
import { parseChunkSize, parseSize } from '../../../src/cli/option-values.ts'
import { permissionText } from '../../../src/cli/output/entry-line.ts'
import { rawArguments } from '../../../src/cli/raw-arguments.ts'
import { parseSnapshotReference } from '../../../src/cli/snapshot-reference.ts'

describe('parseSize()', () => {
  it.each([
    ['500', 500],
    ['500b', 500],
    ['100K', 102_400],
    ['1.5g', 1.5 * 1024 ** 3],
    ['64 KiB', 65_536],
    ['0', 0],
  ])('reads %j', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'x', '-1', '1KB', '1e3', '9999P', '1,5M', '0x10'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow(/Allowed/)
  })
})

describe('parseChunkSize()', () => {
  it('takes the powers of two of the format', () => {
    expect(['16K', '128K', '2M'].map(parseChunkSize)).toEqual([16_384, 131_072, 2_097_152])
    for (const text of ['8K', '4M', '100K', '0'])
      expect(() => parseChunkSize(text)).toThrow(/16K to 2M/)
  })
})

describe('parseSnapshotReference()', () => {
  it('splits at the first colon and keeps the bytes of the path', () => {
    const path = Buffer.from([0x61, 0x3a, 0xff])
    expect(parseSnapshotReference(Buffer.concat([Buffer.from('latest~2:'), path]))).toEqual({
      snapshot: 'latest~2',
      path,
    })
    expect(parseSnapshotReference(Buffer.from('backup_1')).path).toBeUndefined()
    expect(parseSnapshotReference(Buffer.from('1a:')).path).toEqual(Buffer.alloc(0))
  })

  it.each(['', ':', ':x', ' :x'])('refuses %j', (text) => {
    expect(() => parseSnapshotReference(Buffer.from(text))).toThrow(/no snapshot is named/)
  })
})

describe('rawArguments()', () => {
  const line = (...words: (string | number[])[]): Buffer =>
    Buffer.concat(words.map((word) => Buffer.concat([Buffer.from(word as string), Buffer.of(0)])))

  it('finds the bytes behind replacement characters', () => {
    const text = 'd\ufffd'
    const read = (): Buffer => line('node', '--import', 'x', 'main', 'snapshot', [0x64, 0xff])
    expect(rawArguments(['snapshot', text], read)(text)).toEqual(Buffer.from([0x64, 0xff]))
  })

  it('tells two arguments that look alike apart, by their order', () => {
    const raw = rawArguments(['\ufffd', '\ufffd'], () => line('main', [0xfe], [0xff]))
    expect([raw('\ufffd'), raw('\ufffd')]).toEqual([Buffer.of(0xfe), Buffer.of(0xff)])
  })

  it('finds the value of a long option', () => {
    const raw = rawArguments(['--target=\ufffd'], () =>
      line('main', [...Buffer.from('--target='), 0xff]),
    )
    expect(raw('\ufffd')).toEqual(Buffer.of(0xff))
  })

  it('does not look where every argument is text', () => {
    const never = (): never => {
      throw new Error('read')
    }
    expect(rawArguments(['é'], never)('é')).toEqual(Buffer.from('é'))
  })
})

describe('resolveBytes()', () => {
  it('normalizes like a path of text and keeps other bytes', () => {
    expect(resolveBytes('/a/é', Buffer.from('../b//c/.')).toString()).toBe('/a/b/c')
    expect(resolveBytes('/a', Buffer.from([0xff]))).toEqual(Buffer.from([0x2f, 0x61, 0x2f, 0xff]))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const name = bytes.map((byte) => (byte === 0x2f || byte === 0x2e ? 0x41 : byte))
        const resolved = resolveBytes('/', Buffer.from(name))
        expect(resolved.subarray(1)).toEqual(Buffer.from(name))
      }),
    )
  })

  it('knows what lies inside of a folder', () => {
    const inside = (folder: string, path: string): boolean =>
      isInside(Buffer.from(folder), Buffer.from(path))
    expect([inside('/a', '/a'), inside('/a', '/a/b'), inside('/', '/a')]).toEqual([
      true,
      true,
      true,
    ])
    expect([inside('/a', '/ab'), inside('/a/b', '/a'), inside('/a', '/x/a')]).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('permissionText()', () => {
  it.each([
    [0o100644, '-rw-r--r--'],
    [0o104755, '-rwsr-xr-x'],
    [0o104644, '-rwSr--r--'],
    [0o042775, 'drwxrwsr-x'],
    [0o041777, 'drwxrwxrwt'],
    [0o041776, 'drwxrwxrwT'],
    [0o020620, 'crw--w----'],
    [0o010600, 'prw-------'],
  ])('writes %o as %s', (mode, text) => {
    expect(permissionText(mode)).toBe(text)
  })
})
