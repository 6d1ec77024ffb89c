const slash = Buffer.from('/')

/** A path from the root; `/` of no names. */
export function joinNames(names: readonly Buffer[]): Buffer {
  if (names.length === 0) return slash
  return Buffer.concat(names.flatMap((name) => [slash, name]))
}
