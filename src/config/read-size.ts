const factors: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
}

/**
 * A size as people write it: `500`, `100K`, `20M`, `1.5GiB`, `1GB` (powers of 1,024, as everywhere on the command line).
 *
 * @returns Bytes, undefined when it is none.
 */
export function readSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?$/i.exec(value) ?? []
  if (digits === undefined) return undefined
  const bytes = Math.round(Number(digits) * factors[unit.toUpperCase()])
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined
}
