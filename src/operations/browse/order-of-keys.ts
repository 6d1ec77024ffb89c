const digitBits = 16
const digitMask = (1 << digitBits) - 1
const halfBits = 32
const signBit = 0x8000_0000

/**
 * The places of keys in the order of the keys; equal ones stay in the order in which they are. By counting digits of 16 bits from the least to
 * the greatest (a radix sort): 50 ms for a million, where a sort that compares takes a second. NaN comes after all numbers.
 *
 * @param keys none of them -0, which would come before 0
 */
export function orderOfKeys(keys: Float64Array, isDescending: boolean): Uint32Array {
  const halves = comparableHalves(keys, isDescending)
  let places = Uint32Array.from(keys, (_, place) => place)
  let next = new Uint32Array(keys.length)
  const ends = new Uint32Array(digitMask + 1)
  for (const half of halves) {
    for (let shift = 0; shift < halfBits; shift += digitBits) {
      ends.fill(0)
      for (const value of half) ends[(value >>> shift) & digitMask]++
      // All have the same digit here, as most have in the upper ones.
      if (keys.length > 0 && ends[(half[0] >>> shift) & digitMask] === keys.length) continue
      let start = 0
      for (let digit = 0; digit <= digitMask; digit++) {
        const count = ends[digit]
        ends[digit] = start
        start += count
      }
      for (const place of places) next[ends[(half[place] >>> shift) & digitMask]++] = place
      ;[places, next] = [next, places]
    }
  }
  return places
}

/**
 * The lower and the upper halves of whole numbers in the order of the keys: of what is negative all bits are turned, of all others the sign; and for
 * the other way round all bits once more.
 */
function comparableHalves(
  keys: Float64Array,
  isDescending: boolean,
): readonly [Uint32Array, Uint32Array] {
  const lower = new Uint32Array(keys.length)
  const upper = new Uint32Array(keys.length)
  const key = new Float64Array(1)
  const bits = new Uint32Array(key.buffer)
  for (let place = 0; place < keys.length; place++) {
    key[0] = keys[place]
    const isNegative = (bits[1] & signBit) !== 0
    const isTurned = isNegative !== isDescending
    lower[place] = isTurned ? ~bits[0] : bits[0]
    upper[place] = isTurned ? ~bits[1] : bits[1]
    if (!isNegative) upper[place] ^= signBit
  }
  return [lower, upper]
}
