// Multiplication in GF(2^8) for whole windows, in AssemblyScript. reference-combiner.ts says the same
// in plain TypeScript and is the one to read first.
//
// The products of a coefficient with all bytes are split in two tables of 16: one for the low half of
// the byte, one for the high half, because multiplication distributes over exclusive or. A vector
// instruction looks up 16 bytes at once in such a table (Plank, Greenan, Miller, "Screaming Fast
// Galois Field Arithmetic Using Intel SIMD Instructions", FAST 2013). The tables of coefficient c lie
// at c * 32, the low half first.

const tableBytes: usize = 32
const halfTableBytes: usize = 16
const stepBytes: usize = 16

function lowTable(coefficient: u32): v128 {
  return v128.load(<usize>coefficient * tableBytes)
}

function highTable(coefficient: u32): v128 {
  return v128.load(<usize>coefficient * tableBytes + halfTableBytes)
}

function product(low: v128, high: v128, lowHalves: v128, highHalves: v128): v128 {
  return v128.xor(i8x16.swizzle(low, lowHalves), i8x16.swizzle(high, highHalves))
}

/** `target` ^= `coefficient` · `source`; `lengthBytes` is a multiple of 16. */
export function addProduct(
  source: usize,
  target: usize,
  coefficient: u32,
  lengthBytes: usize,
): void {
  const mask = i8x16.splat(15)
  const low = lowTable(coefficient)
  const high = highTable(coefficient)
  for (const end = source + lengthBytes; source < end; source += stepBytes, target += stepBytes) {
    const bytes = v128.load(source)
    const lows = v128.and(bytes, mask)
    const highs = i8x16.shr_u(bytes, 4)
    v128.store(target, v128.xor(v128.load(target), product(low, high, lows, highs)))
  }
}

/** The same for two targets, which reads the source and splits its bytes only once. */
export function addProducts(
  source: usize,
  firstTarget: usize,
  firstCoefficient: u32,
  secondTarget: usize,
  secondCoefficient: u32,
  lengthBytes: usize,
): void {
  const mask = i8x16.splat(15)
  const firstLow = lowTable(firstCoefficient)
  const firstHigh = highTable(firstCoefficient)
  const secondLow = lowTable(secondCoefficient)
  const secondHigh = highTable(secondCoefficient)
  for (let offset: usize = 0; offset < lengthBytes; offset += stepBytes) {
    const bytes = v128.load(source + offset)
    const lows = v128.and(bytes, mask)
    const highs = i8x16.shr_u(bytes, 4)
    const first = firstTarget + offset
    const second = secondTarget + offset
    v128.store(first, v128.xor(v128.load(first), product(firstLow, firstHigh, lows, highs)))
    v128.store(second, v128.xor(v128.load(second), product(secondLow, secondHigh, lows, highs)))
  }
}
