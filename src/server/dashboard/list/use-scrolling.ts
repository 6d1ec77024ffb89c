import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

import { afterScroll, scrolledHeight, scrollTo, type Position, type Scale } from './scroll-scale.ts'

export interface Scrolling {
  readonly view: RefObject<HTMLDivElement | null>
  /** Stays at the top of the view and covers as much of it. */
  readonly head: RefObject<HTMLDivElement | null>
  /** What is seen of the rows. */
  readonly viewHeight: number
  /** Of the element that is scrolled. */
  readonly spaceHeight: number
  readonly position: Position
  /** After the browser has scrolled. */
  follow(): void
  /** Scrolls as little as is needed to see the row. */
  show(index: number): void
}

/** The state of a list's scrolling. */
export function useScrolling(count: number, rowHeight: number): Scrolling {
  const view = useRef<HTMLDivElement>(null)
  const head = useRef<HTMLDivElement>(null)
  const [viewHeight, setViewHeight] = useState(400)
  const [position, setPosition] = useState<Position>({ scrollTop: 0, rowsTop: 0 })
  const scale: Scale = { rowsHeight: count * rowHeight, viewHeight }
  useLayoutEffect(() => {
    const element = view.current
    if (element === null) return undefined
    const measure = (): void => {
      setViewHeight(element.clientHeight - (head.current?.offsetHeight ?? 0))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [])
  return {
    view,
    head,
    viewHeight,
    spaceHeight: scrolledHeight(scale),
    position,
    follow() {
      const scrollTop = view.current?.scrollTop ?? 0
      // What was scrolled from here is in place already.
      if (scrollTop !== position.scrollTop) setPosition(afterScroll(scale, position, scrollTop))
    },
    show(index) {
      const top = index * rowHeight
      const { rowsTop } = position
      if (top >= rowsTop && top + rowHeight <= rowsTop + viewHeight) return
      const next = scrollTo(scale, top < rowsTop ? top : top + rowHeight - viewHeight)
      setPosition(next)
      if (view.current !== null) view.current.scrollTop = next.scrollTop
    },
  }
}
