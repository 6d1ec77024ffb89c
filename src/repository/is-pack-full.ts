import { packFooterBytes } from '../format/pack/pack-footer.ts'
import { packTrailerBytes } from '../format/pack/pack-trailer.ts'
import { padmeLength } from '../format/pack/padme.ts'

const tagBytes = 16
/**
 * No pack is longer, in bytes: a terabyte is about 30,000 objects, and an interrupted run loses little. Below it lengths are padded to
 * half a mebibyte, from it on to a whole one.
 */
const packBytesMax = 32 * 1024 * 1024
/** From here on a pack is closed as soon as little padding is needed. */
const packBytesMin = 30 * 1024 * 1024
const paddingBytesMax = 64 * 1024
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
 * where the length is right anyhow, a quarter of one.
 *
 * @param isPadded whether its length will be rounded up by Padmé's rule
 */
export function isPackFull(
  { bytes, segmentCount, blobCount }: PackFill,
  isPadded: boolean,
): boolean {
  if (bytes < packBytesMin) return false
  // The trailer hardly shrinks: most of it are ids.
  const trailerBytes = packTrailerBytes(segmentCount, blobCount) + tagBytes
  const whole = bytes + trailerBytes + packFooterBytes
  if (whole + segmentBytes > packBytesMax) return true
  return isPadded && padmeLength(whole) - whole <= paddingBytesMax
}
