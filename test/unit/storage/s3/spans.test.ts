import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { addSpan, removeSpan, type Span } from '../../../../src/storage/s3/spans.ts'

const span = fc
  .tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }))
  .map(([start, length]): Span => ({ start, end: start + length }))

function bytesOf(spans: readonly Span[]): Set<number> {
  const bytes = new Set<number>()
  for (const { start, end } of spans) for (let at = start; at < end; at++) bytes.add(at)
  return bytes
}

function areApart(spans: readonly Span[]): boolean {
  return spans.every(({ start, end }, index) => {
    const next = spans[index + 1]
    return start < end && (next === undefined || end < next.start)
  })
}

describe('addSpan()', () => {
  it('joins what touches or overlaps, and leaves the rest in order', () => {
    const spans = [
      { start: 0, end: 10 },
      { start: 20, end: 30 },
      { start: 50, end: 60 },
    ]
    expect(addSpan(spans, { start: 10, end: 20 })).toEqual([
      { start: 0, end: 30 },
      { start: 50, end: 60 },
    ])
    expect(addSpan(spans, { start: 12, end: 18 })).toHaveLength(4)
  })

  it('gives the bytes of all that was added, as spans in order and apart', () => {
    fc.assert(
      fc.property(fc.array(span), (added) => {
        const spans = added.reduce<readonly Span[]>((sum, next) => addSpan(sum, next), [])
        expect(areApart(spans)).toBe(true)
        expect(bytesOf(spans)).toEqual(bytesOf(added))
      }),
    )
  })
})

describe('removeSpan()', () => {
  it('cuts a hole into one', () => {
    expect(removeSpan([{ start: 0, end: 10 }], { start: 3, end: 7 })).toEqual([
      { start: 0, end: 3 },
      { start: 7, end: 10 },
    ])
  })

  it('leaves exactly the bytes outside of what is removed', () => {
    fc.assert(
      fc.property(fc.array(span), span, (added, removed) => {
        const spans = added.reduce<readonly Span[]>((sum, next) => addSpan(sum, next), [])
        const left = removeSpan(spans, removed)
        expect(areApart(left)).toBe(true)
        expect(bytesOf(left)).toEqual(
          new Set([...bytesOf(spans)].filter((at) => at < removed.start || at >= removed.end)),
        )
      }),
    )
  })
})
