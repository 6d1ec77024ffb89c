import type { ObjectRange } from '../object-range.ts'
import { addSpan, type Span } from './spans.ts'

export interface MergeLimits {
  /** Bytes that nobody wants and that are fetched because another request would take longer. */
  readonly gapBytesMax: number
  /** No request is longer, unless one range is. */
  readonly requestBytesMax: number
}

/**
 * A request of 30 ms takes as long as 3 MB at 100 MB/s: what lies in between is fetched along when it is shorter than a tenth of that, so that
 * hardly more is paid for than is wanted.
 */
const nearBytes = 256 * 1024
/** Long enough for its own time not to count, short enough to be used before the next one is there. */
const longBytes = 8 * 1024 * 1024

/** What is asked for ahead goes by these. */
export const requestLimits: MergeLimits = {
  gapBytesMax: nearBytes,
  requestBytesMax: longBytes,
}

/** One request for ranges that lie near each other, and what of it somebody wants. */
export interface MergedRange extends ObjectRange {
  readonly wanted: readonly Span[]
  /** Places of the first and the last that it is needed for, among the ranges that were given. */
  readonly first: number
  readonly last: number
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
  const merged: MergedRange[] = []
  for (const ofObject of places.values()) {
    ofObject.sort((one, other) => one.range.offsetBytes - other.range.offsetBytes)
    let last: MergedRange | undefined
    for (const { range, position } of ofObject) {
      const joined = last && join(last, range, limits)
      if (last && !joined) merged.push(last)
      last = {
        ...(joined ?? { ...range, wanted: [spanOf(range)] }),
        first: Math.min(position, joined?.first ?? position),
        last: Math.max(position, joined?.last ?? position),
      }
    }
    if (last) merged.push(last)
  }
  return merged.toSorted((one, other) => one.first - other.first)
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
