import { describe, expect, it } from 'vitest'
import { MetReferences } from '../../../src/repository/met-references.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'

const id = randomBytesOf('id', 32)
const found = { packRow: 7, segment: 65_535, lengthBytes: 1000 }

/** Another id that differs in one bit. */
function besides(original: Buffer, at: number): Buffer {
  const other = Buffer.from(original)
  other[at] ^= 1
  return other
}

/** An id as it lies in a tree page, after others. */
function wordsOf(key: Buffer): Uint32Array {
  const words = new Uint32Array(16)
  new Uint8Array(words.buffer).set(key, 32)
  return words
}

function add(met: MetReferences, key: Buffer, place: typeof found): void {
  met.add(wordsOf(key), 8, place)
}

function placeIn(met: MetReferences, key: Buffer, lengthBytes = 1000): [number, number] | null {
  const place = met.find(wordsOf(key), 8, lengthBytes)
  return place < 0 ? null : [met.packRowAt(place), met.segmentAt(place)]
}

describe('MetReferences', () => {
  it('knows what it was told, and nothing before', () => {
    const met = new MetReferences()
    expect(placeIn(met, id)).toBeNull()
    expect(placeIn(met, Buffer.alloc(32), 0)).toBeNull()
    add(met, id, found)
    expect(placeIn(met, id)).toEqual([7, 65_535])
  })

  it('does not know a reference that says another length', () => {
    const met = new MetReferences()
    add(met, id, found)
    for (const lengthBytes of [999, 1001, 0, -1, 1000 + 2 ** 32]) {
      expect(placeIn(met, id, lengthBytes), `${lengthBytes} bytes`).toBeNull()
    }
  })

  it('takes no id for another one, be it in the same slot or not', () => {
    const met = new MetReferences()
    add(met, id, found)
    // The slot follows from the first bytes.
    for (const at of [0, 2, 3, 4, 7, 8, 11, 12, 15]) {
      expect(placeIn(met, besides(id, at)), `byte ${at}`).toBeNull()
    }
  })

  it('takes what comes next in the former order for nothing but itself', () => {
    const met = new MetReferences()
    const ids = Array.from({ length: 10 }, (_, index) => randomBytesOf(index, 32))
    for (const [index, key] of ids.entries()) {
      add(met, key, { packRow: index + 1, segment: index, lengthBytes: 1000 })
    }
    for (const order of [
      [0, 1, 2, 3],
      [0, 2, 1, 3],
      [9, 0, 9, 8],
      [5, 5, 6, 6],
    ]) {
      const places = order.map((index) => placeIn(met, ids[index]))
      expect(places).toEqual(order.map((index) => [index + 1, index]))
    }
    expect(placeIn(met, ids[3])).toEqual([4, 3])
    expect(placeIn(met, besides(ids[4], 31))).toBeNull()
    expect(placeIn(met, ids[4], 999)).toBeNull()
  })

  it('keeps four that want one slot, and of more the last', () => {
    const met = new MetReferences()
    const sharing = [16, 17, 18, 19, 20].map((at) => besides(id, at))
    for (const [index, key] of sharing.entries()) {
      add(met, key, { packRow: index + 1, segment: index, lengthBytes: 1000 })
    }
    const known = sharing.map((key) => placeIn(met, key)?.[0])
    // The first one is not led to any more, unless it is asked for after the last.
    expect(known.slice(1)).toEqual([2, 3, 4, 5])
    add(met, sharing[0], { packRow: 9, segment: 0, lengthBytes: 1000 })
    expect(placeIn(met, sharing[0])).toEqual([9, 0])
  })

  it('tells the newer place of what it is told twice', () => {
    const met = new MetReferences()
    add(met, id, found)
    add(met, id, { packRow: 8, segment: 1, lengthBytes: 5 })
    expect(placeIn(met, id)).toBeNull()
    expect(placeIn(met, id, 5)).toEqual([8, 1])
  })

  it('forgets the oldest when it is full, and takes none for another', () => {
    const met = new MetReferences(0)
    const ids = Array.from({ length: 20_000 }, (_, index) => randomBytesOf(index, 32))
    for (const [index, key] of ids.entries()) {
      add(met, key, { packRow: index + 1, segment: index % 100, lengthBytes: index + 1 })
    }
    const places = ids.map((key, index) => placeIn(met, key, index + 1))
    const right = places.filter((place, index) => place?.[0] === index + 1)
    expect(places.filter((place) => place !== null)).toEqual(right)
    expect(right.length).toBeGreaterThan(900)
    expect(right.length).toBeLessThanOrEqual(1024)
    expect(places.at(-1)).toEqual([20_000, 99])
  })

  it('keeps all that it was made for', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => randomBytesOf(index, 32))
    const met = new MetReferences(ids.length)
    for (const [index, key] of ids.entries()) {
      add(met, key, { packRow: index + 1, segment: index % 100, lengthBytes: index + 1 })
    }
    const known = ids.toReversed().filter((key, at) => placeIn(met, key, ids.length - at) !== null)
    expect(known.length).toBeGreaterThan(19_000)
  })
})
