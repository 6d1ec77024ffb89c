import type { ObjectRange } from '../object-range.ts'
import { addSpan, type Span } from './spans.ts'

export interface MergeLimits {
  /** Bytes that nobody wants and that are fetched because another request would take longer. */
  readonly gapBytesMax: number
  /** No request is longer, unless one range is. */
  readonly requestBytesMax: number
}

/** One request for ranges that lie near each other, and what of it somebody wants. */
export interface MergedRange extends ObjectRange {
  readonly wanted: readonly Span[]
}

/**
 * Puts ranges that lie near each other in one object together. The requests come in the order in which the first of their ranges was asked
 * for.
 */
export function mergeRanges(ranges: readonly ObjectRange[], limits: MergeLimits): MergedRange[] {
  const places = new Map<string, { range: ObjectRange; position: number }[]>()
  for (const [position, range] of ranges.entries()) {
    const known = places.get(range.name)
    if (known) known.push({ range, position })
    else places.set(range.name, [{ range, position }])
  }
  const merged: { request: MergedRange; position: number }[] = []
  for (const ofObject of places.values()) {
    ofObject.sort((one, other) => one.range.offsetBytes - other.range.offsetBytes)
    let last: { request: MergedRange; position: number } | undefined
    for (const { range, position } of ofObject) {
      const request = last && join(last.request, range, limits)
      if (last && request) {
        last.request = request
        last.position = Math.min(last.position, position)
      } else {
        last = { request: { ...range, wanted: [spanOf(range)] }, position }
        merged.push(last)
      }
    }
  }
  merged.sort((one, other) => one.position - other.position)
  return merged.map(({ request }) => request)
}

/** @returns undefined when they are better asked for separately */
function join(
  request: MergedRange,
  { offsetBytes, lengthBytes }: ObjectRange,
  { gapBytesMax, requestBytesMax }: MergeLimits,
): MergedRange | undefined {
  const endBytes = request.offsetBytes + request.lengthBytes
  const length = Math.max(endBytes, offsetBytes + lengthBytes) - request.offsetBytes
  if (offsetBytes - endBytes > gapBytesMax || length > requestBytesMax) return undefined
  const wanted = addSpan(request.wanted, { start: offsetBytes, end: offsetBytes + lengthBytes })
  return { ...request, lengthBytes: length, wanted }
}

function spanOf({ offsetBytes, lengthBytes }: ObjectRange): Span {
  return { start: offsetBytes, end: offsetBytes + lengthBytes }
}
