import { kindOf, type EntryKind } from './entry-kind-word.ts'

/** What stands behind the names of a list: a hexadecimal digit for each, the upper four bits of its mode; empty where all are files. */
export type NameKinds = string

const fileDigit = '8'
const allDigits = Array.from({ length: 16 }, (_, digit) => digit.toString(16))

/** The digits of the kinds that a search is about; undefined for all. */
export function wantedDigits(
  kinds: readonly EntryKind[] | undefined,
  onlyDirectories: boolean,
): string | undefined {
  if (kinds === undefined && !onlyDirectories) return undefined
  const asked = kinds ?? ['directory']
  const isWanted = (digit: string): boolean => {
    const kind = kindOf(Number.parseInt(digit, 16) << 12)
    return asked.includes(kind) && (!onlyDirectories || kind === 'directory')
  }
  return allDigits.filter(isWanted).join('')
}

/** Whether a list has a name of the kinds that are wanted. */
export function hasKind(kinds: NameKinds, wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  if (kinds === '') return wanted.includes(fileDigit)
  for (const digit of wanted) if (kinds.includes(digit)) return true
  return false
}

/**
 * Those of the names that are of the kinds wanted. Only a list in which not all are files is gone through.
 *
 * @param matching names of the list, in its order, as latin1 text
 * @param names the list, each name between two NUL bytes
 */
export function namesOfKinds(
  matching: readonly string[],
  { names, kinds }: { readonly names: Buffer; readonly kinds: NameKinds },
  wanted: string | undefined,
): readonly string[] {
  if (wanted === undefined || matching.length === 0) return matching
  if (kinds === '') return wanted.includes(fileDigit) ? matching : []
  const chosen: string[] = []
  let next = 0
  for (const [index, name] of names.toString('latin1', 1).split('\0').entries()) {
    if (name !== matching[next]) continue
    next += 1
    if (wanted.includes(kinds[index])) chosen.push(name)
    if (next === matching.length) break
  }
  return chosen
}
