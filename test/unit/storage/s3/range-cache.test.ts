import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'

import { RangeCache } from '../../../../src/storage/s3/range-cache.ts'
import { scratchFolder } from '../../../support/scratch.ts'

let folder: string

beforeEach(() => {
  folder = join(scratchFolder(), 'ranges')
})

function range(offsetBytes: number, lengthBytes = 100) {
  return { name: 'packs/a', offsetBytes, lengthBytes }
}

function bytes(value: number, length = 100): Uint8Array {
  return new Uint8Array(length).fill(value)
}

function onlyFile(): string {
  const names = readdirSync(folder)
  expect(names).toHaveLength(1)
  return join(folder, names[0])
}

describe('RangeCache', () => {
  it('gives back what was put, also to another process', async () => {
    const cache = new RangeCache(folder, 10_000)
    await cache.put(range(0), bytes(1))
    await cache.put(range(100), bytes(2))
    expect(await cache.get(range(0))).toEqual(bytes(1))
    expect(await new RangeCache(folder, 10_000).get(range(100))).toEqual(bytes(2))
    expect(await cache.has(range(100))).toBe(true)
  })

  it('gives nothing any more that was taken away for being wrong', async () => {
    const cache = new RangeCache(folder, 10_000)
    await cache.put(range(0), bytes(1))
    await cache.put(range(100), bytes(2))
    await cache.remove(range(0))
    await cache.remove(range(200))
    expect(await cache.get(range(0))).toBeUndefined()
    expect(await cache.get(range(100))).toEqual(bytes(2))
  })

  it('holds nothing of another object, place or length', async () => {
    const cache = new RangeCache(folder, 10_000)
    await cache.put(range(0), bytes(1))
    expect(await cache.get({ ...range(0), name: 'packs/b' })).toBeUndefined()
    expect(await cache.get(range(1))).toBeUndefined()
    expect(await cache.get(range(0, 99))).toBeUndefined()
    expect(await cache.has(range(1))).toBe(false)
  })

  it('is only for this user', async () => {
    await new RangeCache(folder, 10_000).put(range(0), bytes(1))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['has a flipped bit', (file: Buffer) => file.fill(2, 50, 51)],
    ['was cut off', (file: Buffer) => file.subarray(0, 60)],
    ['is empty', (file: Buffer) => file.subarray(0, 0)],
    ['is longer', (file: Buffer) => Buffer.concat([file, file])],
  ])('gives nothing of a file that %s, and removes it', async (_what, damage) => {
    const cache = new RangeCache(folder, 10_000)
    await cache.put(range(0), bytes(1))
    const path = onlyFile()
    writeFileSync(path, damage(readFileSync(path)))
    expect(await cache.get(range(0))).toBeUndefined()
    expect(readdirSync(folder)).toEqual([])
    await cache.put(range(0), bytes(1))
    expect(await cache.get(range(0))).toEqual(bytes(1))
  })

  it('gives up what was not used for longest when it is full, and goes on', async () => {
    const cache = new RangeCache(folder, 1000)
    await cache.put(range(0), bytes(0))
    // A day and more ago; the next put would otherwise be of the same moment.
    const first = onlyFile()
    utimesSync(first, 1000, 1000)
    for (let at = 1; at < 40; at++) {
      await cache.put(range(at * 100), bytes(at))
      // One more put than fits may be there before it makes room.
      const usedBytes = readdirSync(folder).reduce(
        (sum, name) => sum + statSync(join(folder, name)).size,
        0,
      )
      expect(usedBytes).toBeLessThanOrEqual(1000 + 2 * 132)
    }
    expect(await cache.get(range(0))).toBeUndefined()
    expect(await cache.get(range(3900))).toEqual(bytes(39))
  })

  it('keeps what is used although it is old', async () => {
    const cache = new RangeCache(folder, 1000)
    await cache.put(range(0), bytes(0))
    utimesSync(onlyFile(), 1000, 1000)
    expect(await cache.get(range(0))).toEqual(bytes(0))
    expect(statSync(onlyFile()).mtimeMs).toBeGreaterThan(Date.now() - 60_000)
  })

  it('counts what an earlier run left', async () => {
    for (let at = 0; at < 7; at++) await new RangeCache(folder, 1000).put(range(at), bytes(at))
    const cache = new RangeCache(folder, 1000)
    await cache.put(range(1000), bytes(1))
    await cache.put(range(2000), bytes(2))
    await cache.put(range(3000), bytes(3))
    expect(readdirSync(folder).length).toBeLessThanOrEqual(8)
  })

  it('is as if it held nothing when its folder cannot be used', async () => {
    mkdirSync(join(folder, '..'), { recursive: true })
    writeFileSync(folder, 'a file in its place')
    const cache = new RangeCache(folder, 1000)
    await cache.put(range(0), bytes(1))
    expect(await cache.get(range(0))).toBeUndefined()
    expect(await cache.has(range(0))).toBe(false)
  })
})
