import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import type { Repository } from '../../src/index.ts'
import { encodePaxRecord } from '../../src/format/archive/pax-records.ts'
import { importFrom, member, tarOf } from '../support/archives.ts'
import { engine } from '../support/built-engine.ts'
import { directory, file, makeTree, sparseFile, type Tree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import { newRepository, pathsOf, restoreDifferences } from '../support/repositories.ts'
import { scratchFolder } from '../support/scratch.ts'

const forms: readonly (readonly string[])[] = [
  ['--format=gnu'],
  ['--format=oldgnu'],
  ['--format=posix', '--sparse-version=0.0'],
  ['--format=posix', '--sparse-version=0.1'],
  ['--format=posix', '--sparse-version=1.0'],
]

const many = Array.from(
  { length: 300 },
  (_, index) => [index * 16_384 + 8192, Buffer.from(`piece ${index}`)] as const,
)
/** Longer than a header has room for. */
const longName = `${'folder '.repeat(10)}/${'name '.repeat(20)}`.trimEnd()
const [longFolder, longFile] = longName.split('/')

const tree: Tree = {
  data: directory({
    plain: file('plain'),
    start: sparseFile(3_000_000, [[0, randomBytesOf('start', 5000)]]),
    middle: sparseFile(3_000_000, [[1_000_000, randomBytesOf('middle', 70_001)]]),
    end: sparseFile(2_000_001, [[1_996_000, randomBytesOf('end', 4001)]]),
    nothing: sparseFile(40_000_000, []),
    many: sparseFile(300 * 16_384 + 5, many),
    [longFolder]: directory({ [longFile]: sparseFile(1_000_000, [[500_000, Buffer.from('x')]]) }),
    last: file('what comes after a sparse file is whole'),
  }),
}

async function emptyRepository(): Promise<Repository> {
  return await (await newRepository()).open()
}

describe('import of sparse files by GNU tar', () => {
  it.each(forms.map((options) => options.join(' ')))(
    'takes them as they were: %s',
    async (options) => {
      const source = scratchFolder()
      makeTree(source, tree)
      const archive = join(scratchFolder(), 'backup_1700000000.tar')
      execFileSync('tar', ['-C', source, '-S', ...options.split(' '), '-cf', archive, 'data'])
      const repository = await emptyRepository()
      const { archives } = await importFrom(repository, [archive], { base: source })
      expect(archives).toMatchObject([{ outcome: 'imported', message: '' }])
      const snapshot = engine.resolveSnapshot(repository, 'latest')
      expect(pathsOf(repository, snapshot)).toContain('data/many')
      const differences = await restoreDifferences(repository, snapshot, source)
      // GNU's own form keeps whole seconds; holes too short to be worth a chunk of their own come back as zeros.
      const isKnown = (text: string): boolean =>
        /mtime/.test(text) || /data\/many.*ranges/.test(text)
      expect(differences.filter((text) => !isKnown(text))).toEqual([])
    },
  )
})

/** A pax member with these records before it. */
function sparseMember(records: readonly (readonly [string, string])[], content: Buffer): Buffer {
  const body = Buffer.concat(
    records.map(([keyword, value]) => encodePaxRecord(keyword, Buffer.from(value))),
  )
  const text = content.toString('latin1')
  const extended = tarOf([[member({ name: 'pax' }), body.toString('latin1')]])
  const blocks = 512 + Math.ceil(body.length / 512) * 512
  const header = Buffer.from(extended.subarray(0, blocks))
  header.write('x', 156, 'latin1')
  return Buffer.concat([withSum(header), tarOf([[member({ name: 'd/a' }), text]])])
}

function withSum(tar: Buffer): Buffer {
  tar.fill(0x20, 148, 156)
  let sum = 0
  for (let at = 0; at < 512; at++) sum += tar[at]
  tar.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1')
  return tar
}

function map01(map: string, size: number): Buffer {
  const records = [
    ['GNU.sparse.size', String(size)],
    ['GNU.sparse.numblocks', '1'],
    ['GNU.sparse.name', 'd/a'],
    ['GNU.sparse.map', map],
  ] as const
  return sparseMember(records, Buffer.from('0123456789'))
}

function map10(text: string, size: number): Buffer {
  const records = [
    ['GNU.sparse.major', '1'],
    ['GNU.sparse.minor', '0'],
    ['GNU.sparse.name', 'd/a'],
    ['GNU.sparse.realsize', String(size)],
  ] as const
  const map = Buffer.alloc(512)
  map.write(text)
  return sparseMember(records, Buffer.concat([map, Buffer.from('0123456789')]))
}

function oldForm(places: readonly (readonly [number, number])[], realBytes: number): Buffer {
  const tar = tarOf([[member({ name: 'd/a' }), '0123456789']])
  tar.write('S', 156, 'latin1')
  tar.write('ustar  \0', 257, 'latin1')
  for (const [index, [offset, bytes]] of places.entries()) {
    tar.write(`${offset.toString(8).padStart(11, '0')}\0`, 386 + index * 24, 'latin1')
    tar.write(`${bytes.toString(8).padStart(11, '0')}\0`, 398 + index * 24, 'latin1')
  }
  tar.write(`${realBytes.toString(8).padStart(11, '0')}\0`, 483, 'latin1')
  return withSum(tar)
}

describe('the map of a sparse file', () => {
  it.each<[string, Buffer, string]>([
    ['is right', map01('5,10', 100), 'imported '],
    ['is right at the beginning of the content', map10('1\n90\n10\n', 100), 'imported '],
    ['is right in the old form', oldForm([[90, 10]], 100), 'imported '],
    ['overlaps', map01('5,6,8,4', 100), 'over each other'],
    ['goes backwards', map10('2\n50\n5\n10\n5\n', 100), 'over each other'],
    [
      'overlaps in the old form',
      oldForm(
        [
          [0, 6],
          [5, 4],
        ],
        100,
      ),
      'over each other',
    ],
    ['goes beyond the end', map01('95,10', 100), 'beyond the end'],
    ['goes beyond all numbers', map01('9007199254740990,10', 100), 'beyond the end'],
    ['has numbers that are too large', map01('99999999999999999999,10', 100), 'is no number'],
    ['has a negative place', map01('-5,10', 100), 'is no number'],
    ['lacks a length', map01('5,10,20', 100), 'a place has no length'],
    ['tells of more than there is', map01('5,11', 100), 'another length than the content'],
    ['tells of less than there is', map10('1\n5\n9\n', 100), 'another length than the content'],
    ['counts places that are not there', map10('9999999\n5\n10\n', 100), 'beyond the content'],
    ['does not begin with a number', map10('x\n5\n10\n', 100), 'is no number'],
    ['has no line at all', map10('5'.repeat(512), 100), 'does not begin with a number'],
    ['unpacks to too much', map01('5,10', 2 ** 50), 'unpacks to more than'],
    [
      'unpacks to too much in the old form',
      oldForm([[0, 10]], 8 ** 11 - 1),
      'unpacks to more than',
    ],
    [
      'is of a version that nobody knows',
      sparseMember(
        [
          ['GNU.sparse.major', '2'],
          ['GNU.sparse.minor', '0'],
          ['GNU.sparse.realsize', '100'],
        ],
        Buffer.from('0123456789'),
      ),
      'not known',
    ],
    [
      'leads out by its name',
      sparseMember(
        [
          ['GNU.sparse.size', '100'],
          ['GNU.sparse.name', '../evil'],
          ['GNU.sparse.map', '5,10'],
        ],
        Buffer.from('0123456789'),
      ),
      'not a name',
    ],
  ])('%s', async (_, bytes, outcome) => {
    const archive = join(scratchFolder(), 'backup_1700000000.tar')
    writeFileSync(archive, bytes)
    const repository = await emptyRepository()
    const { archives } = await importFrom(repository, [archive], { bytesMax: 2 ** 30 })
    expect(`${archives[0].outcome} ${archives[0].message}`).toContain(outcome)
    const isImported = outcome.startsWith('imported')
    expect(engine.listSnapshots(repository)).toHaveLength(isImported ? 1 : 0)
  })
})
