import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { compareTrees } from './compare-trees.ts'

describe('compareTrees()', () => {
  let folder: string
  let expected: string
  let actual: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'compare-trees-'))
    expected = join(folder, 'expected')
    actual = join(folder, 'actual')
    mkdirSync(join(expected, 'sub/empty'), { recursive: true })
    // More than one block of the comparer.
    writeFileSync(join(expected, 'big'), Buffer.alloc((4 << 20) + 5, 'x'))
    writeFileSync(join(expected, 'sub/file'), 'contents')
    writeFileSync(Buffer.concat([Buffer.from(`${expected}/sub/`), Buffer.from([0xff, 0x0a])]), '')
    symlinkSync('file', join(expected, 'sub/link'))
    execFileSync('cp', ['--archive', expected, actual])
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('finds an archive copy equal, and says how much it compared', () => {
    const { entryCount, byteCount, differenceCount } = compareTrees(expected, actual)
    expect({ entryCount, byteCount, differenceCount }).toEqual({
      entryCount: 6,
      byteCount: (4 << 20) + 5 + 8,
      differenceCount: 0,
    })
  })

  const nextNanosecond = (path: string): void => {
    const time = execFileSync('stat', ['--format=%.9Y', path], { encoding: 'utf8' }).trim()
    const nanoseconds = BigInt(time.replace('.', '')) + 1n
    const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0')
    const date = `--date=@${nanoseconds / 1_000_000_000n}.${fraction}`
    execFileSync('touch', ['--no-dereference', date, path])
  }
  /** Changes the contents alone: same length, and the former modification time. */
  const flipByte = (path: string, offsetBytes: number): void => {
    const script =
      'touch -r "$1" "$1.time"; printf y | dd of="$1" bs=1 seek="$2" conv=notrunc status=none'
    const argv = [
      '-c',
      `${script}; touch -r "$1.time" "$1"; rm "$1.time"`,
      'sh',
      path,
      String(offsetBytes),
    ]
    execFileSync('sh', argv)
  }

  const changes: [string, RegExp, () => void][] = [
    ['a missing file', /"\/big" is missing/, () => rmSync(join(actual, 'big'))],
    [
      'a missing last entry',
      /"\/sub" is missing/,
      () => rmSync(join(actual, 'sub'), { recursive: true }),
    ],
    ['a file too many', /"\/sub\/a" should not/, () => writeFileSync(join(actual, 'sub/a'), '')],
    ['a last file too many', /"\/zzz" should not/, () => writeFileSync(join(actual, 'zzz'), '')],
    [
      'a changed last byte',
      /"\/big" has other contents/,
      () => flipByte(join(actual, 'big'), (4 << 20) + 4),
    ],
    [
      'a changed first byte',
      /"\/sub\/file" has other cont/,
      () => flipByte(join(actual, 'sub/file'), 0),
    ],
    [
      'a longer file',
      /"\/sub\/file" has size/,
      () => writeFileSync(join(actual, 'sub/file'), 'contents+'),
    ],
    [
      'a nanosecond',
      /"\/sub\/file" has modification/,
      () => nextNanosecond(join(actual, 'sub/file')),
    ],
    [
      "a folder's time",
      /"\/sub\/empty" has modif/,
      () => nextNanosecond(join(actual, 'sub/empty')),
    ],
    ["a link's time", /"\/sub\/link" has modif/, () => lutimesSync(join(actual, 'sub/link'), 1, 1)],
    ['another mode', /"\/sub\/file" has mode/, () => chmodSync(join(actual, 'sub/file'), 0o4755)],
    [
      'a second name',
      /"\/big" has link count/,
      () => linkSync(join(actual, 'big'), join(folder, 'other')),
    ],
    [
      'another link target',
      /"\/sub\/link" points elsewhere/,
      () => {
        rmSync(join(actual, 'sub/link'))
        symlinkSync('elif', join(actual, 'sub/link'))
      },
    ],
    [
      'another type',
      /"\/sub\/file" has another type/,
      () => {
        rmSync(join(actual, 'sub/file'))
        mkdirSync(join(actual, 'sub/file'))
      },
    ],
  ]

  it.each(changes)('notices %s', (_, message, change) => {
    change()
    expect(compareTrees(expected, actual).differences.join('\n')).toMatch(message)
  })
})
