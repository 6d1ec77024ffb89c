import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { dataPack, objectIdOf } from './catalogue-fixtures.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-intake-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

type Objects = readonly (readonly [name: string, packs: readonly [name: string, blobs: number][]])[]

const objects: Objects = [
  [
    'i1',
    [
      ['a', 25],
      ['b', 40],
    ],
  ],
  [
    'i2',
    [
      ['b', 40],
      ['c', 130],
      ['c', 130],
    ],
  ],
  ['i3', []],
  ['i4', [['d', 1]]],
]

function enter(catalogue: Catalogue, taken: Objects, runBlobs?: number): string[] {
  const intake = catalogue.indexObjects.newIntake(runBlobs)
  try {
    for (const [name, packs] of taken) {
      intake.add(
        objectIdOf(name),
        packs.map(([pack, blobs]) => dataPack(pack, blobs)),
      )
    }
    return [...catalogue.indexObjects.addAll(intake).objects]
  } finally {
    intake.close()
  }
}

function oneByOne(taken: Objects): string[] {
  const catalogue = openCatalogue(':memory:')
  for (const one of taken) enter(catalogue, [one])
  const lines = [...catalogue.dump()]
  catalogue.close()
  return lines
}

describe('indexObjects.addAll()', () => {
  // 196 blobs: all in memory, runs of which the last is not full, runs of equal length, a run for each.
  it.each([1000, 100, 98, 7, 1])(
    'gives with runs of %i blobs what one by one gives',
    (runBlobs) => {
      const catalogue = openCatalogue(join(folder, 'catalogue.db'))
      expect(enter(catalogue, objects, runBlobs)).toEqual(objects.map(([name]) => objectIdOf(name)))
      expect([...catalogue.dump()]).toEqual(oneByOne(objects))
      expect(catalogue.check()).toEqual([])
      catalogue.close()
    },
  )

  it('passes over what came in meanwhile', () => {
    const catalogue = openCatalogue(join(folder, 'catalogue.db'))
    enter(catalogue, [
      ['i2', [['c', 130]]],
      ['other', [['a', 25]]],
    ])
    expect(enter(catalogue, objects, 10)).toEqual(['i1', 'i3', 'i4'].map(objectIdOf))
    expect(catalogue.blobs.count()).toBe(25 + 40 + 130 + 1)
    expect(catalogue.check()).toEqual([])
    catalogue.close()
  })

  it('leaves no file behind, also while it is under way', () => {
    const catalogue = openCatalogue(join(folder, 'catalogue.db'))
    const intake = catalogue.indexObjects.newIntake(10)
    intake.add(objectIdOf('i'), [dataPack('a', 400)])
    const files = ['catalogue.db', 'catalogue.db-shm', 'catalogue.db-wal']
    expect(readdirSync(folder).sort()).toEqual(files)
    intake.close()
    intake.close()
    catalogue.close()
    expect(readdirSync(folder)).toEqual(['catalogue.db'])
  })

  it('tells a fault of the file of runs as one of the catalogue', () => {
    const catalogue = openCatalogue(join(folder, 'catalogue.db'))
    const intake = catalogue.indexObjects.newIntake(10)
    catalogue.close()
    rmSync(folder, { recursive: true })
    expect(() => intake.add(objectIdOf('i'), [dataPack('a', 400)])).toThrow(
      expect.objectContaining({ code: 'CATALOGUE_FAILED' }),
    )
    folder = mkdtempSync(join(tmpdir(), 'holdfast-intake-'))
  })

  it('takes nothing of an object whose columns do not fit together', () => {
    const catalogue = openCatalogue(':memory:')
    const intake = catalogue.indexObjects.newIntake()
    const odd = { ...dataPack('b', 5), salt: Buffer.alloc(31) }
    expect(() => intake.add(objectIdOf('i'), [dataPack('a', 5), odd])).toThrow(RangeError)
    expect(intake.objects).toEqual([])
    expect(intake.blobs.count).toBe(0)
    catalogue.close()
  })

  it('hands blobs out in the order of their first 29 bits, each once', () => {
    const check = (sizes: readonly number[], runBlobs: number): void => {
      const catalogue = openCatalogue(join(folder, 'sorted.db'))
      const intake = catalogue.indexObjects.newIntake(runBlobs)
      for (const [index, size] of sizes.entries()) {
        intake.add(objectIdOf(`${index}`), [dataPack(`${index}`, size)])
      }
      const keys: number[] = []
      intake.blobs.forEach((ids, at) => keys.push(ids.readUInt32BE(at) >>> 3))
      expect(keys).toEqual([...keys].sort((one, other) => one - other))
      expect(keys).toHaveLength(sizes.reduce((sum, size) => sum + size, 0))
      intake.close()
      catalogue.close()
    }
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 200 }),
        check,
      ),
      { numRuns: 25 },
    )
  })
})
