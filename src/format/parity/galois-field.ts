/*
 * GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and the generator 2, the field that Reed–Solomon codes of storage
 * systems use. Addition is exclusive or.
 */

const polynomial = 0x11d
const orderOfGroup = 255

const exponentials: Uint8Array = new Uint8Array(2 * orderOfGroup)
const logarithms: Uint8Array = new Uint8Array(256)
for (let exponent = 0, value = 1; exponent < orderOfGroup; exponent++) {
  exponentials[exponent] = value
  exponentials[exponent + orderOfGroup] = value
  logarithms[value] = exponent
  value <<= 1
  if (value > 255) value ^= polynomial
}

export function multiply(left: number, right: number): number {
  if (left === 0 || right === 0) return 0
  return exponentials[logarithms[left] + logarithms[right]]
}

/** @throws {RangeError} for zero, which has no inverse. */
export function invert(value: number): number {
  if (value === 0) throw new RangeError('Zero has no inverse')
  return exponentials[orderOfGroup - logarithms[value]]
}
