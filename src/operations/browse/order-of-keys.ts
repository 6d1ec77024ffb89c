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
  const count = keys.length
  let places = new Uint32Array(count)
  for (let place = 0; place < count; place++) places[place] = place
  let next = new Uint32Array(count)
  const ends = new Uint32Array(digitMask + 1)
  for (const half of halves) {
    for (let shift = 0; shift < halfBits; shift += digitBits) {
      ends.fill(0)
      // Loops over indexes: those over typed arrays' iterators take five times as long here.
      for (let place = 0; place < count; place++) ends[(half[place] >>> shift) & digitMask]++
      // All have the same digit here, as most have in the upper ones.
      if (count > 0 && ends[(half[0] >>> shift) & digitMask] === count) continue
      let start = 0
      for (let digit = 0; digit <= digitMask; digit++) {
        const digitCount = ends[digit]
        ends[digit] = start
        start += digitCount
      }
      for (let rank = 0; rank < count; rank++) {
        const place = places[rank]
        next[ends[(half[place] >>> shift) & digitMask]++] = place
      }
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
  const bits = new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length)
  for (let place = 0; place < keys.length; place++) {
    const low = bits[2 * place]
    const high = bits[2 * place + 1]
    const isNegative = (high & signBit) !== 0
    const isTurned = isNegative !== isDescending
    lower[place] = isTurned ? ~low : low
    upper[place] = (isTurned ? ~high : high) ^ (isNegative ? 0 : signBit)
  }
  return [lower, upper]
}
