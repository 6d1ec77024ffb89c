import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ObjectId, PackId } from '../../src/model/ids.ts'
import { newRepository, objectContents } from '../support/repositories.ts'
import {
  parityObjects,
  putPacks,
  reconstructed,
  without,
  writeGroup,
} from '../support/parity-groups.ts'

/** Every choice of `count` of the items. */
function choices<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]]
  return items.flatMap((item, index) =>
    choices(items.slice(index + 1), count - 1).map((rest) => [item, ...rest]),
  )
}

function idOf(name: string): ObjectId {
  return name.slice(name.indexOf('/') + 1) as ObjectId
}

describe('a parity group', () => {
  it.each([1, 2, 8])(
    'of %i + 2 gives back every two of its objects that are lost',
    async (packCount) => {
      const place = await newRepository()
      const repository = await place.open()
      const lengths = Array.from(
        { length: packCount },
        (_, index) => 1 + ((index * 37_777) % 150_001),
      )
      const packs = putPacks(place.location, lengths, packCount)
      await writeGroup(repository, { packs, parityShards: 2 })
      const parity = parityObjects(repository).map((id) => `parity/${id}`)
      expect(parity).toHaveLength(2)
      const all = [...packs.map(({ id }) => `packs/${id}`), ...parity]
      for (const pair of choices(all, 2)) {
        const before = pair.map((name) => readFileSync(join(place.location, name)))
        await without(place.location, pair, async () => {
          const lostPacks = pair.filter((name) => name.startsWith('packs/')).map(idOf)
          const found = await reconstructed(repository, lostPacks)
          for (const [index, name] of pair.entries()) {
            if (name.startsWith('packs/')) {
              expect(found.get(idOf(name))?.equals(before[index]), name).toBe(true)
            }
          }
          if (lostPacks.length > 0) return
          // Both parity objects: made again from the packs, they are the same.
          await writeGroup(repository, { packs, parityShards: 2 })
          const made = readdirSync(join(place.location, 'parity')).map((name) => `parity/${name}`)
          expect(made.sort()).toEqual(pair.toSorted())
        })
      }
    },
  )

  it('of which three objects are lost says so and changes nothing', async () => {
    const place = await newRepository()
    const repository = await place.open()
    const packs = putPacks(place.location, [90_000, 1, 65_536, 65_537, 200_000], 3)
    await writeGroup(repository, { packs, parityShards: 2 })
    const parity = parityObjects(repository).map((id) => `parity/${id}`)
    const all = [...packs.map(({ id }) => `packs/${id}`), ...parity]
    for (const lost of choices(all, 3)) {
      const lostPacks = lost.filter((name) => name.startsWith('packs/')).map(idOf)
      if (lostPacks.length === 0) continue
      await without(place.location, lost, async () => {
        const before = objectContents(place.location)
        const found = await reconstructed(repository, lostPacks)
        expect([...found]).toEqual(lostPacks.map((id) => [id, null]))
        expect(objectContents(place.location)).toEqual(before)
      })
    }
    const ids: PackId[] = packs.map(({ id }) => id)
    expect([...(await reconstructed(repository, ids)).values()].every(Boolean)).toBe(true)
  })
})
