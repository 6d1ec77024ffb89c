const hashDigits = 64

export interface NameDifference {
  /** Names that are listed and not known. */
  readonly added: readonly string[]
  /** Known names that are not listed. */
  readonly gone: readonly string[]
}

const noDifference: NameDifference = { added: [], gone: [] }

/**
 * Holds a listing against what the catalogue knows. As a rule there is no difference, and then two texts are compared instead of 80,000: so
 * many packs a large repository has, and every backup asks whether they are all there.
 *
 * @param known names of one folder in ascending order, one behind the other (`Catalogue.namesInOrder`)
 * @param names of the same folder, in ascending order, as a storage lists them
 */
export function compareNames(known: string, names: readonly string[]): NameDifference {
  if (names.join('') === known) return noDifference
  const gone = new Set<string>()
  const nameLength = known.indexOf('/') + 1 + hashDigits
  for (let at = 0; at < known.length; at += nameLength) gone.add(known.slice(at, at + nameLength))
  const added = names.filter((name) => !gone.delete(name))
  return { added, gone: [...gone] }
}

/** The id that a name ends in. */
export function idOfName(name: string): string {
  return name.slice(-hashDigits)
}
