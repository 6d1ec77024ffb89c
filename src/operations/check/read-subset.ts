import type { PackReadRow } from '../../catalogue/pack-read-table.ts'

/** Which packs to read whole. */
export type ReadSubset =
  | { readonly kind: 'all' }
  /** So much of all packs' bytes, those first whose last reading is longest ago. */
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** Part `part` of `of`, from 1: always the same packs, each in one part. */
  | { readonly kind: 'part'; readonly part: number; readonly of: number }

/** The parts of a pack's id that choose its part of n: 32 bits. */
const partDigits = 8

/** Chooses the packs to be read, in the order of reading. Whoever asks for any part gets at least one pack. */
export function choosePacks(
  packs: readonly PackReadRow[],
  subset: ReadSubset,
): readonly PackReadRow[] {
  if (subset.kind === 'part') {
    return packs.filter(
      ({ id }) => parseInt(id.slice(0, partDigits), 16) % subset.of === subset.part - 1,
    )
  }
  const oldestFirst = packs.toSorted(
    (left, right) =>
      (left.readAtMs ?? -Infinity) - (right.readAtMs ?? -Infinity) || byId(left, right),
  )
  if (subset.kind === 'all') return oldestFirst
  const totalBytes = packs.reduce((sum, { bytes }) => sum + bytes, 0)
  const wantedBytes = subset.kind === 'bytes' ? subset.bytes : (totalBytes * subset.percent) / 100
  let bytes = 0
  const end = oldestFirst.findIndex((pack) => (bytes += pack.bytes) >= wantedBytes)
  return end < 0 ? oldestFirst : oldestFirst.slice(0, end + 1)
}

function byId(left: PackReadRow, right: PackReadRow): number {
  return left.id < right.id ? -1 : 1
}
