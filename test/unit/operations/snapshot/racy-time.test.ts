import { describe, expect, it } from 'vitest'
import { isRacy } from '../../../../src/operations/snapshot/racy-time.ts'

const readAtMs = 1_700_000_000_123

function stamps(mtimeMs: number, ctimeMs: number): Parameters<typeof isRacy>[1] {
  const split = (ms: number): [number, number] => [
    Math.floor(ms / 1000),
    Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6),
  ]
  const [[mtimeSec, mtimeNsec], [ctimeSec, ctimeNsec]] = [split(mtimeMs), split(ctimeMs)]
  return { mtimeSec, mtimeNsec, ctimeSec, ctimeNsec }
}

describe('isRacy()', () => {
  it.each([
    ['the stamps are old', -10_000, -10_000, false],
    ['they are older than a slow tick', -21, -21, false],
    ['the modification is younger than a tick', -19, -500, true],
    ['the change is younger than a tick', -500, -19, true],
    ['a stamp is that of the reading', 0, -500, true],
    ['a stamp lies in the future', -500, 60_000, true],
  ])('when %s: %j, %j ms: %s', (_state, mtime, ctime, expected) => {
    expect(isRacy(readAtMs, stamps(readAtMs + mtime, readAtMs + ctime))).toBe(expected)
  })

  it('gives file systems that keep whole seconds two of them', () => {
    const whole = 1_700_000_000_000
    expect(isRacy(whole + 1_900, stamps(whole, whole))).toBe(true)
    expect(isRacy(whole + 2_100, stamps(whole, whole))).toBe(false)
    // One stamp with a fraction shows that the file system keeps it.
    expect(isRacy(whole + 1_900, stamps(whole, whole - 999))).toBe(false)
  })

  it('takes times before 1970', () => {
    expect(isRacy(readAtMs, stamps(-5_500, -5_500))).toBe(false)
  })
})
