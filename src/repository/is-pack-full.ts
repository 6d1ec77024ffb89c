import { packFooterBytes } from '../format/pack/pack-footer.ts'
import { segmentCountMax } from '../format/pack/pack-limits.ts'
import { packTrailerBytes } from '../format/pack/pack-trailer.ts'
import { padmeLength } from '../format/pack/padme.ts'

const tagBytes = 16
/**
 * Of a pack, in bytes; exceeded only by a blob longer than a segment, or when all at once much smaller ones come. A terabyte is about
 * 30,000 objects, and an interrupted run loses little. Below it lengths are padded to half a mebibyte, from it on to a whole one.
 */
const packBytesMax = 32 * 1024 * 1024
/** From here on a pack is closed as soon as little padding is needed. */
const packBytesMin = 24 * 1024 * 1024
/** How much that is, at first and when there is no room for more: the fewer lengths are still to come, the less is worth waiting for. */
const paddingBytes = { first: 32 * 1024, last: 192 * 1024 }
/** Room for one more segment. */
const segmentBytes = 1024 * 1024

/** What is in a pack so far. */
export interface PackFill {
  /** Header and segments. */
  readonly bytes: number
  readonly segmentCount: number
  readonly blobCount: number
}

/**
 * Whether a pack should be closed now. Closed at the first length above some mark, a padded pack holds 1.6 per cent of padding; closed
 * where the length is nearly right anyhow, less than half of one.
 *
 * @param isPadded whether its length will be rounded up by Padmé's rule
 */
export function isPackFull(
  { bytes, segmentCount, blobCount }: PackFill,
  isPadded: boolean,
): boolean {
  if (segmentCount >= segmentCountMax) return true
  // The trailer hardly shrinks: most of it are ids. Of a million tiny blobs it is longer than the segments.
  const trailerBytes = packTrailerBytes(segmentCount, blobCount) + tagBytes
  const whole = bytes + trailerBytes + packFooterBytes
  if (whole < packBytesMin) return false
  const next = segmentBytes + tagBytes + Math.ceil(trailerBytes / segmentCount)
  if (whole + next > packBytesMax) return true
  return isPadded && padmeLength(whole) - whole <= paddingMaxAt(whole)
}

function paddingMaxAt(whole: number): number {
  const part = (whole - packBytesMin) / (packBytesMax - packBytesMin)
  return paddingBytes.first + (paddingBytes.last - paddingBytes.first) * part
}
