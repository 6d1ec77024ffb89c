import { ArchiveFault } from './archive-entry.ts'
import { parsePaxNumber, type PaxRecords } from './pax-records.ts'
import { readNumber } from './tar-numbers.ts'

/** A stretch of a sparse file that the archive holds; all between them are zeros. */
export interface SparseSegment {
  readonly offset: number
  readonly bytes: number
}

/** What pax records say of a sparse member. */
export interface PaxSparse {
  /** What the file is called, where the header holds a made-up name. */
  readonly name: Buffer | undefined
  readonly realBytes: number
  /** Null where the map stands at the beginning of the content (version 1.0). */
  readonly segments: readonly SparseSegment[] | null
}

const fieldBytes = 12
const segmentBytes = 2 * fieldBytes

/** Reads places of GNU's own form out of a header; one without a length ends them. */
export function readSegments(block: Buffer, start: number, count: number): SparseSegment[] {
  const segments: SparseSegment[] = []
  for (let at = start; at < start + count * segmentBytes; at += segmentBytes) {
    if (block[at + fieldBytes] === 0) break
    segments.push({
      offset: readNumber(block, at, fieldBytes, 'place in a sparse file'),
      bytes: readNumber(block, at + fieldBytes, fieldBytes, 'length in a sparse file'),
    })
  }
  return segments
}

/**
 * @returns undefined when the member is not sparse
 * @throws {ArchiveFault} for versions that are not known, and numbers that are none
 */
export function readPaxSparse(records: PaxRecords): PaxSparse | undefined {
  const keywords = [...records.keys()].filter((keyword) => keyword.startsWith('GNU.sparse.'))
  if (keywords.length === 0) return undefined
  const text = (keyword: string): Buffer | undefined => records.get(`GNU.sparse.${keyword}`)
  const name = text('name')
  const major = text('major')?.toString('latin1') ?? '0'
  const minor = text('minor')?.toString('latin1') ?? '0'
  const size = text('realsize') ?? text('size')
  const map = text('map')
  const isInContent = major === '1' && minor === '0'
  if (size === undefined || (!isInContent && (major !== '0' || map === undefined))) {
    throw new ArchiveFault('it holds sparse files in a form that is not known')
  }
  const realBytes = parsePaxNumber(size, 'GNU.sparse.size')
  return { name, realBytes, segments: isInContent ? null : segmentsOf(numbersOf(map)) }
}

/** @throws {ArchiveFault} when there is no pair for each place */
export function segmentsOf(numbers: readonly number[]): SparseSegment[] {
  if (numbers.length % 2 !== 0) throw wrongMap('a place has no length')
  const segments: SparseSegment[] = []
  for (let at = 0; at < numbers.length; at += 2) {
    segments.push({ offset: numbers[at], bytes: numbers[at + 1] })
  }
  return segments
}

function numbersOf(map: Buffer = Buffer.alloc(0)): number[] {
  if (map.length === 0) return []
  return map
    .toString('latin1')
    .split(',')
    .map((text) => parsePaxNumber(Buffer.from(text, 'latin1'), 'GNU.sparse.map'))
}

/**
 * Nothing may lie over another or beyond the end, and what the archive holds is exactly what the map says.
 *
 * @returns the segments that hold something
 * @throws {ArchiveFault}
 */
export function checkSegments(
  segments: readonly SparseSegment[],
  sizes: { readonly realBytes: number; readonly storedBytes: number },
): SparseSegment[] {
  if (sizes.realBytes < 0) throw wrongMap('the size is negative')
  let end = 0
  let stored = 0
  for (const { offset, bytes } of segments) {
    if (offset < end || bytes < 0) throw wrongMap('places lie over each other')
    end = offset + bytes
    if (end > sizes.realBytes) throw wrongMap('a place lies beyond the end')
    stored += bytes
  }
  if (stored !== sizes.storedBytes) throw wrongMap('it has another length than the content')
  return segments.filter(({ bytes }) => bytes > 0)
}

export function wrongMap(state: string): ArchiveFault {
  return new ArchiveFault(`the map of a sparse file is wrong: ${state}`)
}
