/** Bytes from `start` to before `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** @param spans in order, apart from each other; so is what is returned */
export function addSpan(spans: readonly Span[], { start, end }: Span): Span[] {
  const before = spans.filter((span) => span.end < start)
  const after = spans.filter((span) => span.start > end)
  const touching = spans.slice(before.length, spans.length - after.length)
  const joined = {
    start: Math.min(start, ...touching.map((span) => span.start)),
    end: Math.max(end, ...touching.map((span) => span.end)),
  }
  return [...before, joined, ...after]
}

/** What of the spans lies outside of another one. */
export function removeSpan(spans: readonly Span[], { start, end }: Span): Span[] {
  return spans.flatMap((span) =>
    [
      { start: span.start, end: Math.min(span.end, start) },
      { start: Math.max(span.start, end), end: span.end },
    ].filter((part) => part.start < part.end),
  )
}
