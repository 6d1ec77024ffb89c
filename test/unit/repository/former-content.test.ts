import { describe, expect, it } from 'vitest'
import { FormerContent } from '../../../src/repository/former-content.ts'
import { randomBytesOf } from '../../support/random-bytes.ts'

const ids = Array.from({ length: 8 }, (_, index) => randomBytesOf(index, 32))

function contentOf(...places: readonly number[]): FormerContent {
  const content = new FormerContent()
  content.become(Buffer.concat(places.map((place) => ids[place])))
  return content
}

describe('FormerContent', () => {
  it('has what the file held, in whatever order it is asked for', () => {
    const content = contentOf(0, 1, 2, 3)
    for (const place of [0, 1, 2, 3, 1, 0, 3, 3, 2]) {
      expect(content.has(ids[place]), `id ${place}`).toBe(true)
    }
  })

  it('goes on after chunks that are new, gone or moved', () => {
    const content = contentOf(0, 1, 2, 3, 4)
    expect([0, 7, 2, 6, 5, 4, 1, 3].map((place) => content.has(ids[place]))).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
      true,
      true,
    ])
  })

  it('has nothing before it is told of a file, nor of the file before', () => {
    const content = new FormerContent()
    expect(content.has(ids[0])).toBe(false)
    content.become(Buffer.concat([ids[0], ids[1]]))
    expect(content.has(ids[1])).toBe(true)
    content.become(ids[2])
    expect([0, 1, 2].map((place) => content.has(ids[place]))).toEqual([false, false, true])
    content.become(new Uint8Array(0))
    expect(content.has(ids[2])).toBe(false)
  })

  it('takes no id for another that differs only at its end', () => {
    const content = contentOf(0)
    for (const at of [3, 4, 31]) {
      const other = Buffer.from(ids[0])
      other[at] ^= 1
      expect(content.has(other), `byte ${at}`).toBe(false)
    }
  })

  it('reads the ids where they are in what a message brought', () => {
    const message = new Uint8Array(Buffer.concat([Buffer.alloc(5), ids[3], ids[4]]))
    const content = new FormerContent()
    content.become(message.subarray(5, 5 + 32))
    expect([content.has(ids[3]), content.has(ids[4])]).toEqual([true, false])
  })
})
