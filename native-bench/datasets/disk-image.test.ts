import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { changeBlocks, planExtents, writeImage } from './disk-image.ts'
import { SeededRandom } from './seeded-random.ts'

const imageBytes = 64e6
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('planExtents()', () => {
  it('allocates about a tenth in whole blocks that do not touch', () => {
    const extents = planExtents(new SeededRandom(1, 1), 1e10)
    const share = sum(extents.map(({ lengthBytes }) => lengthBytes)) / 1e10
    expect(share).toBeGreaterThan(0.08)
    expect(share).toBeLessThan(0.12)
    let endBytes = -1
    for (const { offsetBytes, lengthBytes } of extents) {
      expect(offsetBytes).toBeGreaterThan(endBytes)
      expect([offsetBytes % 4096, lengthBytes % 4096]).toEqual([0, 0])
      endBytes = offsetBytes + lengthBytes
    }
    expect(endBytes).toBeLessThanOrEqual(1e10)
  })
})

describe('a disk image', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'disk-image-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function write(name: string): string {
    const path = join(folder, name)
    const extents = planExtents(new SeededRandom(1, 1), imageBytes)
    writeImage(path, new SeededRandom(1, 2), { imageBytes, extents })
    return path
  }

  it('is the same for the same seed, and mostly holes', () => {
    const [first, second] = [write('first'), write('second')]
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true)
    expect(statSync(first).size).toBe(imageBytes)
    expect(statSync(first).blocks * 512).toBeLessThan(imageBytes / 4)
  })

  it('has about the wanted share of its allocated blocks changed, and no hole filled', () => {
    const [before, after] = [write('before'), write('after')]
    const extents = planExtents(new SeededRandom(1, 1), imageBytes)
    const file = openSync(after, 'r+')
    changeBlocks(file, new SeededRandom(1, 3), { extents, share: 0.01 })
    closeSync(file)
    const [old, changed] = [readFileSync(before), readFileSync(after)]
    let changedBytes = 0
    for (let offset = 0; offset < imageBytes; offset += 4096) {
      const end = offset + 4096
      if (!old.subarray(offset, end).equals(changed.subarray(offset, end))) changedBytes += 4096
    }
    const share = changedBytes / sum(extents.map(({ lengthBytes }) => lengthBytes))
    expect(share).toBeGreaterThan(0.006)
    expect(share).toBeLessThanOrEqual(0.01)
    expect(statSync(after).blocks).toBe(statSync(before).blocks)
  })
})
