import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeptBytes } from '../../../../src/operations/restore/kept-bytes.ts'

const bytesOf = (text: string): Buffer => Buffer.from(text)

describe('KeptBytes', () => {
  it('gives back each piece once', () => {
    const kept = new KeptBytes(10)
    expect(kept.keep(1, bytesOf('one'))).toBe(true)
    expect(kept.keep(2, bytesOf('two'))).toBe(true)
    expect(kept.take(3)).toBeUndefined()
    expect(String(kept.take(2))).toBe('two')
    expect(kept.take(2)).toBeUndefined()
    expect(String(kept.take(1))).toBe('one')
  })

  it('keeps copies', () => {
    const kept = new KeptBytes(10)
    const bytes = bytesOf('right')
    kept.keep(1, bytes)
    bytes.fill('x')
    expect(String(kept.take(1))).toBe('right')
  })

  it('keeps nothing for which there is no room, and loses nothing by that', () => {
    const kept = new KeptBytes(10)
    kept.keep(1, bytesOf('123456'))
    expect(kept.keep(2, bytesOf('78901'))).toBe(false)
    expect(kept.take(2)).toBeUndefined()
    expect(kept.keep(3, bytesOf('7890'))).toBe(true)
    expect(kept.keep(4, bytesOf('x'))).toBe(false)
    expect([String(kept.take(1)), String(kept.take(3))]).toEqual(['123456', '7890'])
    expect(kept.keep(5, bytesOf('all of it!'))).toBe(true)
  })

  it('moves what it keeps together when there is room only in pieces', () => {
    const kept = new KeptBytes(12)
    for (const [key, text] of ['aaa', 'bbb', 'ccc', 'ddd'].entries()) kept.keep(key, bytesOf(text))
    kept.take(0)
    kept.take(2)
    expect(kept.keep(4, bytesOf('eeeeee'))).toBe(true)
    expect([1, 3, 4].map((key) => String(kept.take(key)))).toEqual(['bbb', 'ddd', 'eeeeee'])
  })

  it('has nothing and all of its room after it was cleared', () => {
    const kept = new KeptBytes(6)
    kept.keep(1, bytesOf('one'))
    kept.keep(2, bytesOf('two'))
    kept.clear()
    expect(kept.take(1)).toBeUndefined()
    expect(kept.keep(3, bytesOf('sixsix'))).toBe(true)
    expect(String(kept.take(3))).toBe('sixsix')
  })

  it('does as a map without limits does, as long as there is room', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 12 }) },
      { weight: 2, arbitrary: fc.nat(30) },
      { weight: 1, arbitrary: fc.constant('clear' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const kept = new KeptBytes(32)
        const model = new Map<number, Uint8Array>()
        let next = 0
        for (const what of steps) {
          if (what === 'clear') {
            kept.clear()
            model.clear()
          } else if (typeof what === 'number') {
            const key = next - what
            expect(kept.take(key)?.toString('hex')).toBe(hexOf(model.get(key)))
            model.delete(key)
          } else {
            const used = [...model.values()].reduce((sum, { length }) => sum + length, 0)
            const hasRoom = used + what.length <= 32
            expect(kept.keep(next, what)).toBe(hasRoom)
            if (hasRoom) model.set(next, what)
            next += 1
          }
        }
        for (const [key, bytes] of model) expect(kept.take(key)?.toString('hex')).toBe(hexOf(bytes))
      }),
      { numRuns: 500 },
    )
  })
})

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex')
}
