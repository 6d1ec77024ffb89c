import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as KeptBytesModule from '../../../../src/operations/restore/kept-bytes.ts'
import type * as ScatteredBlobsModule from '../../../../src/operations/restore/scattered-blobs.ts'
import { engineModule } from '../../../support/built-engine.ts'
import { flipBit } from '../../../support/damage.ts'
import {
  blobBytes,
  blobCount,
  contentOf,
  packCount,
  scatteredScene,
  type ScatteredScene,
} from './scattered-scene.ts'

const { KeptBytes } = await engineModule<typeof KeptBytesModule>('operations/restore/kept-bytes')
const { ScatteredBlobs } = await engineModule<typeof ScatteredBlobsModule>(
  'operations/restore/scattered-blobs',
)

/** Takes blobs of a request in order. @returns a copy of each, undefined where it is to be read in the usual way */
function takeAll(
  { blobs, ids }: ScatteredScene,
  kept: KeptBytesModule.KeptBytes,
  places: readonly number[] = Array.from({ length: blobCount }, (_, place) => place),
): (string | undefined)[] {
  const locations = blobs.findMany(ids)
  const scattered = new ScatteredBlobs(blobs, locations, kept)
  return places.map((place) => {
    const location = blobs.locationAt(locations, place)
    if (!location) throw new Error(`Blob ${place} is not known`)
    return scattered.take(place, location)?.toString('hex')
  })
}

const everything = Array.from({ length: blobCount }, (_, place) => contentOf(place).toString('hex'))

function expectRightWhereTaken(
  taken: readonly (string | undefined)[],
  places: readonly number[] = everything.map((_, place) => place),
): void {
  const right = places.map((place, item) => taken[item] && everything[place])
  expect(taken).toEqual(right)
}

describe('ScatteredBlobs', () => {
  it.each([false, true])(
    'opens each segment once for all that a request needs of it (encrypted: %s)',
    async (isEncrypted) => {
      const scene = await scatteredScene({ isEncrypted })
      expect(takeAll(scene, new KeptBytes(blobCount * blobBytes))).toEqual(everything)
      expect(scene.opened).toHaveLength(packCount)
      expect(new Set(scene.opened).size).toBe(packCount)
    },
  )

  it.each([1000, 2500, 20_000, 100_000])(
    'opens segments again when there is no room for all, and gives the right bytes (%i bytes)',
    async (roomBytes) => {
      const scene = await scatteredScene()
      const taken = takeAll(scene, new KeptBytes(roomBytes))
      expectRightWhereTaken(taken)
      expect(scene.opened.length).toBeGreaterThan(packCount)
      // Each opening beyond the first of a segment gives the blob that was asked for and at least one more.
      const asked = taken.filter((bytes) => bytes !== undefined).length
      expect(scene.opened.length).toBeLessThanOrEqual(packCount + asked / 2)
      expect(new Set(scene.opened).size).toBe(packCount)
    },
  )

  it.each([0, 999])(
    'leaves segments to the cache when not one blob of them can be kept (%i bytes)',
    async (roomBytes) => {
      const scene = await scatteredScene()
      const taken = takeAll(scene, new KeptBytes(roomBytes))
      expectRightWhereTaken(taken)
      expect(taken.filter((bytes) => bytes !== undefined)).toHaveLength(packCount)
      expect(scene.opened).toHaveLength(packCount)
    },
  )

  it('copes with blobs that are not asked for after all', async () => {
    const scene = await scatteredScene()
    // Of files that are there already nothing is read.
    const places = everything.map((_, place) => place).filter((place) => place % 7 > 2)
    expectRightWhereTaken(takeAll(scene, new KeptBytes(30_000), places), places)
  })

  it('leaves segments that are needed in one piece to the cache', async () => {
    const scene = await scatteredScene({ inOnePiece: true })
    const taken = takeAll(scene, new KeptBytes(blobCount * blobBytes))
    expect(taken).toEqual(taken.map(() => undefined))
    expect(scene.opened).toEqual([])
  })

  it('gives nothing that was kept for an earlier request', async () => {
    const scene = await scatteredScene()
    const kept = new KeptBytes(blobCount * blobBytes)
    // Most of it stays, because the request ends early.
    takeAll(scene, kept, [0, 1, 2])
    // The second half of the packs comes first, so that the others begin where something was kept.
    const all = everything.map((_, place) => place)
    const isLate = (place: number): boolean => place % packCount < packCount / 2
    const order = [...all.filter((place) => !isLate(place)), ...all.filter(isLate)]
    const ids = Buffer.concat(order.map((place) => scene.ids.subarray(place * 32, place * 32 + 32)))
    scene.opened.length = 0
    expect(takeAll({ ...scene, ids }, kept)).toEqual(order.map((place) => everything[place]))
    expect(scene.opened).toHaveLength(packCount)
  })

  it('says that a segment cannot be opened once, and leaves it to the usual way then', async () => {
    const scene = await scatteredScene()
    const { blobs, ids } = scene
    const locations = blobs.findMany(ids)
    const damaged = 4
    const place = blobs.locationAt(locations, damaged)
    if (!place) throw new Error('The blob is not known')
    flipBit(join(scene.test.location, 'packs', place.pack.id), (place.segmentOffset + 5) * 8)
    const scattered = new ScatteredBlobs(blobs, locations, new KeptBytes(blobCount * blobBytes))
    expect(() => scattered.take(damaged, place)).toThrow('its tag does not match')
    expect(scattered.take(damaged + packCount, place)).toBeUndefined()
    expect(scene.opened).toHaveLength(1)
  })

  it('knows nothing of blobs that no index object names', async () => {
    const scene = await scatteredScene()
    const { blobs } = scene
    const unknown = Buffer.alloc(32, 0xee)
    const ids = Buffer.concat([unknown, scene.ids, unknown])
    const locations = blobs.findMany(ids)
    const scattered = new ScatteredBlobs(blobs, locations, new KeptBytes(blobCount * blobBytes))
    expect([locations.packs[0], locations.packs[blobCount + 1]]).toEqual([0, 0])
    for (const [index, content] of everything.entries()) {
      const location = blobs.locationAt(locations, index + 1)
      expect(location && scattered.take(index + 1, location)?.toString('hex')).toBe(content)
    }
  })
})
