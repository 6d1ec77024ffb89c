import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as KeptBytesModule from '../../../../src/operations/restore/kept-bytes.ts'
import type { RestoreUnit } from '../../../../src/operations/restore/restore-batch.ts'
import type * as UnitReferencesModule from '../../../../src/operations/restore/unit-references.ts'
import { engineModule } from '../../../support/built-engine.ts'
import { flipBit } from '../../../support/damage.ts'
import { modes, type Forge } from '../../../support/forge/forge.ts'
import { encodeRawPage, type RawEntry } from '../../../support/forge/raw-page.ts'
import {
  blobBytes,
  blobCount,
  contentOf,
  packCount,
  scatteredScene,
  type ScatteredScene,
} from './scattered-scene.ts'

const { KeptBytes } = await engineModule<typeof KeptBytesModule>('operations/restore/kept-bytes')
const { referencesOf } = await engineModule<typeof UnitReferencesModule>(
  'operations/restore/unit-references',
)

/** Blobs of each file, so that many of them begin in the middle of a round through the packs. */
const blobsPerFile = 8
const fileCount = blobCount / blobsPerFile

function entryOf({ ids }: ScatteredScene, file: number): RawEntry {
  const references = Array.from({ length: blobsPerFile }, (_, item) => {
    const at = (file * blobsPerFile + item) * 32
    return { id: ids.subarray(at, at + 32), bytes: blobBytes }
  })
  const name = `file ${String(file).padStart(3, '0')}`
  return { name, mode: modes.file, size: blobsPerFile * blobBytes, references }
}

function unitOf(entries: readonly RawEntry[], indexes?: readonly number[]): RestoreUnit {
  const chosen = Uint32Array.from(indexes ?? entries.keys())
  const linkKeys = Array.from(chosen, () => null)
  return {
    components: [],
    page: encodeRawPage({ entries }),
    indexes: chosen,
    linkKeys,
    contentBytes: 0,
  }
}

/** Two pages that together need all blobs, each file with those that follow those of the file before. */
function unitsOf(scene: ScatteredScene): RestoreUnit[] {
  const entries = Array.from({ length: fileCount }, (_, file) => entryOf(scene, file))
  return [unitOf(entries.slice(0, 11)), unitOf(entries.slice(11))]
}

/** Reads every reference of the units in order, as a restore does. */
function readAll(
  scene: ScatteredScene,
  units: readonly RestoreUnit[],
  roomBytes = blobCount * blobBytes,
): string[] {
  const found: string[] = []
  const all = referencesOf(units, scene.blobs, new KeptBytes(roomBytes))
  for (const [number, unit] of units.entries()) {
    const references = all[number]
    if (!references) continue
    for (const index of unit.indexes) {
      const { chunkOffsets } = references.page
      for (let item = chunkOffsets[index]; item < chunkOffsets[index + 1]; item++) {
        found.push(textOf(() => references.read(index, item)))
      }
    }
  }
  return found
}

/** Bytes in hexadecimal, or what the error says. */
function textOf(read: () => Buffer): string {
  try {
    return read().toString('hex')
  } catch (error) {
    return String(error)
  }
}

const everything = Array.from({ length: blobCount }, (_, place) => contentOf(place).toString('hex'))

/** Damages the segment in which a blob is found first. @returns the places of all blobs in it */
function damageSegmentOf({ test, blobs, ids }: ScatteredScene, place: number): number[] {
  const locations = blobs.findMany(ids)
  const location = blobs.locationAt(locations, place)
  if (!location) throw new Error('The blob is not known')
  flipBit(join(test.location, 'packs', location.pack.id), (location.segmentOffset + 5) * 8)
  return everything.map((_, other) => other).filter((other) => other % packCount === place)
}

describe('referencesOf()', () => {
  it.each([blobCount * blobBytes, 20_000, 0])(
    'gives every reference of several pages (room for %i bytes)',
    async (roomBytes) => {
      const scene = await scatteredScene()
      expect(readAll(scene, unitsOf(scene), roomBytes)).toEqual(everything)
      // They are looked up together: what the second page needs was kept while the first one was read.
      if (roomBytes >= blobCount * blobBytes) expect(scene.opened).toHaveLength(packCount)
    },
  )

  it('looks up only what is to be written, and finds it behind what is not', async () => {
    const scene = await scatteredScene()
    const link = scene.forge.linkEntry('between', 'target')
    const entries = [
      scene.forge.directoryEntry('a folder', { id: Buffer.alloc(32, 1), bytes: 24 }),
      link,
      { name: 'empty', mode: modes.file },
      ...Array.from({ length: 6 }, (_, file) => entryOf(scene, file)),
      // Its reference leads to a list.
      { ...entryOf(scene, 6), flags: 1 << 4 },
      entryOf(scene, 7),
    ]
    const indexes = [1, 2, 4, 8, 9, 10]
    const [references] = referencesOf([unitOf(entries, indexes)], scene.blobs, new KeptBytes(1000))
    for (const [index, file] of [
      [4, 1],
      [8, 5],
      [10, 7],
    ]) {
      const first = references?.page.chunkOffsets[index] ?? 0
      for (let item = 0; item < blobsPerFile; item++) {
        const bytes = references?.read(index, first + item)
        expect(bytes?.toString('hex')).toBe(everything[file * blobsPerFile + item])
      }
    }
    // Neither a file that is not to be written nor one with lists.
    for (const index of [3, 9]) {
      const first = references?.page.chunkOffsets[index] ?? 0
      expect(() => references?.read(index, first)).toThrow(RangeError)
    }
  })

  it('gives nothing for a folder without entries, and goes on with the next', async () => {
    const scene = await scatteredScene()
    const [first, second] = unitsOf(scene)
    const empty = { ...unitOf([]), page: new Uint8Array(0) }
    const units = [empty, first, empty, second]
    const all = referencesOf(units, scene.blobs, new KeptBytes(1000))
    expect(all.map((references) => references !== undefined)).toEqual([false, true, false, true])
    expect(readAll(scene, units)).toEqual(everything)
  })

  it('tells which files have holes', async () => {
    const scene = await scatteredScene()
    const hole = { id: Buffer.alloc(32), bytes: 100_000 }
    const [blob] = entryOf(scene, 0).references ?? []
    // An id that begins as that of a hole does.
    const like = { id: Buffer.concat([Buffer.alloc(31), Buffer.of(1)]), bytes: 5 }
    const file = { mode: modes.file }
    const unit = unitOf([
      { ...file, name: 'a', size: blobBytes, references: [blob] },
      { ...file, name: 'b', size: blobBytes + hole.bytes, references: [blob, hole] },
      { ...file, name: 'c', size: hole.bytes, references: [hole] },
      { ...file, name: 'd', size: 5, references: [like] },
    ])
    const [references] = referencesOf([unit], scene.blobs, new KeptBytes(1000))
    expect([0, 1, 2, 3].map((index) => references?.hasHole(index))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('reads every blob of a damaged segment from another copy', async () => {
    const scene = await scatteredScene({ first: storeAllOfPack(7) })
    const lost = damageSegmentOf(scene, 7)
    expect(lost).toHaveLength(blobCount / packCount)
    expect(readAll(scene, unitsOf(scene))).toEqual(everything)
  })

  it('says of every blob of a damaged segment without a copy what reading it alone says', async () => {
    const scene = await scatteredScene()
    const lost = new Set(damageSegmentOf(scene, 7))
    const found = readAll(scene, unitsOf(scene))
    for (const [place, text] of found.entries()) {
      if (!lost.has(place)) expect(text, `blob ${place}`).toBe(everything[place])
      else {
        const id = scene.ids.subarray(place * 32, place * 32 + 32)
        expect(text).toBe(textOf(() => scene.blobs.reader.read(0, id, blobBytes)))
        expect(text).toContain('its tag does not match')
      }
    }
  })

  /** Blobs with true seals around bytes that are others than their ids say; they are found before the true ones. */
  function storeWrong(isKept: (place: number) => boolean): (forge: Forge) => void {
    return (forge) => {
      for (let place = 0; place < blobCount; place++) {
        const id = forge.dataId(contentOf(place))
        const wrong = contentOf(place)
        if (place % packCount === 7 && isKept(place)) wrong[500] ^= 1
        if (place % packCount === 7) forge.blob(0, { id, bytes: wrong })
      }
      forge.flush()
    }
  }

  it.each<[string, (place: number) => boolean]>([
    ['all', () => true],
    ['the first', (place) => place === 7],
    ['all but the first', (place) => place > 7],
  ])('gives no bytes with another hash, but those of another copy (%s)', async (_what, isWrong) => {
    const scene = await scatteredScene({ first: storeWrong(isWrong) })
    expect(readAll(scene, unitsOf(scene))).toEqual(everything)
  })

  it('says so where there is no other copy', async () => {
    const id = Buffer.alloc(32, 0xab)
    const scene = await scatteredScene({
      first: (forge) => {
        for (let blob = 0; blob < 8; blob++) {
          forge.blob(0, {
            id: Buffer.concat([id.subarray(1), Buffer.of(blob)]),
            bytes: contentOf(1),
          })
        }
        forge.flush()
      },
    })
    const entries = Array.from({ length: fileCount }, (_, file) => {
      const entry = entryOf(scene, file)
      const [, ...others] = entry.references ?? []
      const forged = { id: Buffer.concat([id.subarray(1), Buffer.of(file % 8)]), bytes: blobBytes }
      return { ...entry, references: [forged, ...others] }
    })
    const found = readAll(scene, [unitOf(entries)])
    for (const [place, text] of found.entries()) {
      if (place % blobsPerFile > 0) expect(text).toBe(everything[place])
      else expect(text).toContain('its bytes have another hash')
    }
  })

  it('takes no blob that is longer or shorter than its reference says', async () => {
    const scene = await scatteredScene()
    for (const bytes of [blobBytes - 1, blobBytes + 1]) {
      const entries = Array.from({ length: fileCount }, (_, file) => {
        const entry = entryOf(scene, file)
        const [first, ...others] = entry.references ?? []
        const size = blobsPerFile * blobBytes + bytes - blobBytes
        return { ...entry, size, references: [{ ...first, bytes }, ...others] }
      })
      for (const [place, text] of readAll(scene, [unitOf(entries)]).entries()) {
        if (place % blobsPerFile > 0) expect(text).toBe(everything[place])
        else expect(text).toContain('or another kind')
      }
    }
  })

  it('says of a blob that nobody knows that no index object names it', async () => {
    const scene = await scatteredScene()
    const entry = {
      ...entryOf(scene, 0),
      size: 5,
      references: [{ id: Buffer.alloc(32, 9), bytes: 5 }],
    }
    expect(readAll(scene, [unitOf([entry])])).toEqual([
      expect.stringContaining('no index object names it'),
    ])
  })
})

/** Stores a copy of what the n-th pack will hold, in a pack that is found before it. */
function storeAllOfPack(pack: number): (forge: Forge) => void {
  return (forge) => {
    for (let place = pack; place < blobCount; place += packCount) forge.data(contentOf(place))
    forge.flush()
  }
}
