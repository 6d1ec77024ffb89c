import { describe, expect, it } from 'vitest'
import { MetReferences } from '../../../../src/repository/audit/met-references.ts'
import { randomBytesOf } from '../../../support/random-bytes.ts'

const id = randomBytesOf('id', 32)
const found = { packRow: 7, segment: 65_535, lengthBytes: 1000 }

/** Another id whose slot is the same. */
function besides(original: Buffer, at: number): Buffer {
  const other = Buffer.from(original)
  other[at] ^= 1
  return other
}

function placeIn(met: MetReferences, key: Buffer, lengthBytes = 1000): [number, number] | null {
  const place = met.find(key, lengthBytes)
  return place < 0 ? null : [met.packRowAt(place), met.segmentAt(place)]
}

describe('MetReferences', () => {
  it('knows what it was told, and nothing before', () => {
    const met = new MetReferences()
    expect(placeIn(met, id)).toBeNull()
    expect(placeIn(met, Buffer.alloc(32), 0)).toBeNull()
    met.add(id, found)
    expect(placeIn(met, id)).toEqual([7, 65_535])
  })

  it('does not know a reference that says another length', () => {
    const met = new MetReferences()
    met.add(id, found)
    for (const lengthBytes of [999, 1001, 0, -1, 1000 + 2 ** 32]) {
      expect(placeIn(met, id, lengthBytes), `${lengthBytes} bytes`).toBeNull()
    }
  })

  it('takes no id for another one, be it in the same slot or not', () => {
    const met = new MetReferences()
    met.add(id, found)
    // The slot follows from the first bytes.
    for (const at of [0, 2, 3, 4, 7, 8, 11, 12, 15]) {
      expect(placeIn(met, besides(id, at)), `byte ${at}`).toBeNull()
    }
  })

  it('forgets what was in a slot when another one comes, and knows that one', () => {
    const met = new MetReferences()
    const other = besides(id, 10)
    met.add(id, found)
    met.add(other, { packRow: 8, segment: 0, lengthBytes: 5 })
    expect(placeIn(met, id)).toBeNull()
    expect(placeIn(met, other, 5)).toEqual([8, 0])
    met.add(id, found)
    expect(placeIn(met, id)).toEqual([7, 65_535])
  })

  it('keeps many apart', () => {
    const met = new MetReferences()
    const ids = Array.from({ length: 20_000 }, (_, index) => randomBytesOf(index, 32))
    for (const [index, key] of ids.entries()) {
      met.add(key, { packRow: index + 1, segment: index % 100, lengthBytes: index + 1 })
    }
    let known = 0
    let wrong = 0
    for (const [index, key] of ids.entries()) {
      const place = placeIn(met, key, index + 1)
      if (place === null) continue
      known += 1
      if (place[0] !== index + 1 || place[1] !== index % 100) wrong += 1
    }
    expect(wrong).toBe(0)
    // A few of them share a slot.
    expect(known).toBeGreaterThan(18_000)
    expect(known).toBeLessThan(20_000)
  })
})
