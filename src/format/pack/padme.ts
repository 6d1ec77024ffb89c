/**
 * Rounds a length up so that it tells little about what it measures: at most 12 per cent is added,
 * and only O(log log n) bits remain visible.
 *
 * @param bytes Below 2^53.
 * @see Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs", 2019, section 4.
 */
export function padmeLength(bytes: number): number {
  if (bytes < 2) return bytes
  const exponent = floorLog2(bytes)
  const keptBits = floorLog2(exponent === 0 ? 1 : exponent) + 1
  const step = 2 ** Math.max(0, exponent - keptBits)
  return Math.ceil(bytes / step) * step
}

/** Exact, which Math.log2 is not just below powers of two. */
function floorLog2(value: number): number {
  const high = Math.floor(value / 2 ** 32)
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value)
}
