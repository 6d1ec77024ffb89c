import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Page } from '../../../../src/server/api/answers.ts'
import { PagedRows } from '../../../../src/server/dashboard/list/paged-rows.ts'
import {
  afterScroll,
  heightMax,
  rowRange,
  scrolledHeight,
  scrollTo,
} from '../../../../src/server/dashboard/list/scroll-scale.ts'

describe('scrolling over a million rows', () => {
  const scale = { rowsHeight: 38_000_000, viewHeight: 600 }
  const bottom = heightMax - 600

  it('stays below what a browser can lay out', () => {
    expect(scrolledHeight(scale)).toBe(heightMax)
    expect(scrolledHeight({ rowsHeight: 5000, viewHeight: 600 })).toBe(5000)
  })

  it('reaches the last row at the bottom and the first at the top', () => {
    const top = { scrollTop: 0, rowsTop: 0 }
    expect(afterScroll(scale, top, bottom)).toEqual({ scrollTop: bottom, rowsTop: 37_999_400 })
    const end = { scrollTop: bottom, rowsTop: 37_999_400 }
    expect(afterScroll(scale, end, 0)).toEqual({ scrollTop: 0, rowsTop: 0 })
  })

  it('moves by as many pixels as the wheel, and to the same share when the bar is dragged', () => {
    const middle = scrollTo(scale, 19_000_000)
    expect(afterScroll(scale, middle, middle.scrollTop + 120).rowsTop).toBe(19_000_120)
    const dragged = afterScroll(scale, middle, bottom / 4)
    expect(dragged.rowsTop / 37_999_400).toBeCloseTo(0.25, 6)
  })

  it('is the browser’s own when all rows fit', () => {
    const small = { rowsHeight: 5000, viewHeight: 600 }
    fc.assert(
      fc.property(fc.nat(4400), fc.nat(4400), (before, after) => {
        const position = afterScroll(small, { scrollTop: before, rowsTop: before }, after)
        expect(position).toEqual({ scrollTop: after, rowsTop: after })
      }),
    )
  })

  it('never shows what is not there', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bottom), { maxLength: 20 }), (steps) => {
        let position = { scrollTop: 0, rowsTop: 0 }
        for (const scrollTop of steps) {
          position = afterScroll(scale, position, scrollTop)
          expect(position.rowsTop).toBeGreaterThanOrEqual(0)
          expect(position.rowsTop).toBeLessThanOrEqual(37_999_400)
        }
      }),
    )
  })

  it('draws the rows that are seen and a few around them', () => {
    expect(rowRange(0, 600, 38, 1_000_000)).toEqual({ from: 0, to: 24 })
    expect(rowRange(37_999_400, 600, 38, 1_000_000)).toEqual({ from: 999_976, to: 1_000_000 })
    expect(rowRange(0, 600, 38, 0)).toEqual({ from: 0, to: 0 })
  })
})

describe('rows that come page by page', () => {
  interface Server {
    readonly asked: (string | number)[]
    rows(canJump: boolean): PagedRows<number>
    settled(): Promise<void>
  }

  /** A server of so many numbers. */
  function server(count: number, { saysTotal }: { readonly saysTotal: boolean }): Server {
    const asked: (string | number)[] = []
    const pageSize = 100
    const answer = (from: number): Page<number> => ({
      items: Array.from({ length: Math.min(pageSize, count - from) }, (_, index) => from + index),
      next_cursor: from + pageSize < count ? `after ${from + pageSize}` : null,
      ...(saysTotal && { total: count }),
    })
    return {
      asked,
      rows: (canJump) =>
        new PagedRows<number>({
          pageSize,
          canJump,
          async read({ cursor, offset }) {
            asked.push(cursor ?? offset)
            return answer(cursor === null ? offset : Number(cursor.slice('after '.length)))
          },
          onChange: () => undefined,
        }),
      settled: () => new Promise((resolve) => setTimeout(resolve, 20)),
    }
  }

  it('reads the first page at once, and the next when it is wanted', async () => {
    const { rows, asked, settled } = server(250, { saysTotal: false })
    const list = rows(false)
    await settled()
    expect([list.count, list.total, list.get(99), list.get(100)]).toEqual([
      101,
      undefined,
      99,
      undefined,
    ])
    list.want(95, 105)
    await settled()
    expect([list.count, list.get(100)]).toEqual([201, 100])
    list.want(190, 201)
    await settled()
    expect([list.count, list.total, list.get(249)]).toEqual([250, 250, 249])
    expect(asked).toEqual([0, 'after 100', 'after 200'])
  })

  it('jumps where the server can, and reads one after the other where it cannot', async () => {
    const jumping = server(100_000, { saysTotal: true })
    const fast = jumping.rows(true)
    await jumping.settled()
    expect(fast.count).toBe(100_000)
    fast.want(50_050, 50_080)
    await jumping.settled()
    expect(fast.get(50_060)).toBe(50_060)
    expect(jumping.asked).toEqual([0, 50_000])

    const walking = server(1000, { saysTotal: true })
    const slow = walking.rows(false)
    await walking.settled()
    slow.want(420, 430)
    await walking.settled()
    expect(slow.get(425)).toBe(425)
    expect(walking.asked).toHaveLength(5)
  })

  it('keeps few pages, and reads the others again', async () => {
    const { rows, asked, settled } = server(100_000, { saysTotal: true })
    const list = rows(true)
    await settled()
    for (let page = 1; page <= 60; page++) {
      list.want(page * 100, page * 100 + 10)
      await settled()
    }
    expect(list.get(0)).toBeUndefined()
    list.want(0, 10)
    await settled()
    expect(list.get(0)).toBe(0)
    expect(asked.filter((offset) => offset === 0)).toHaveLength(2)
  })

  it('keeps what it has when a page cannot be read, and goes on when told to', async () => {
    let fails = false
    const list = new PagedRows<number>({
      pageSize: 10,
      canJump: true,
      async read({ offset }) {
        if (fails) throw new Error('gone')
        return { items: Array.from({ length: 10 }, () => offset), next_cursor: 'x', total: 100 }
      },
      onChange: () => undefined,
    })
    const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
    await settled()
    fails = true
    list.want(20, 25)
    await settled()
    expect([list.error?.message, list.get(5), list.get(20)]).toEqual(['gone', 0, undefined])
    fails = false
    list.retry()
    await settled()
    expect([list.error, list.get(20)]).toEqual([undefined, 20])
  })
})
