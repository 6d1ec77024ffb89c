/** The folders of a storage that hold objects (docs/FORMAT.md, section 1). */
export const objectFolders = [
  'packs',
  'index',
  'snapshots',
  'forgotten',
  'condemned',
  'parity',
  'journal',
  'keys',
  'locks',
] as const
export type ObjectFolder = (typeof objectFolders)[number]

const contentNamed = /^(?:packs|index|snapshots|forgotten|condemned|parity|journal)\/[0-9a-f]{64}$/
const randomNamed = /^(?:keys|locks)\/[0-9a-f]{32}$/

export function isObjectName(name: string): boolean {
  return name === 'config' || contentNamed.test(name) || randomNamed.test(name)
}

const hashDigits = 64
const randomDigits = 32
const hexadecimal = /^[0-9a-f]*$/

/** Those of the files of a folder that are objects. */
export function objectFiles(folder: ObjectFolder, files: string[]): string[] {
  const digits = folder === 'keys' || folder === 'locks' ? randomDigits : hashDigits
  if (haveLength(files, digits) && isHexadecimal(files.join(''))) return files
  return files.filter((file) => file.length === digits && hexadecimal.test(file))
}

function haveLength(files: readonly string[], length: number): boolean {
  for (const file of files) if (file.length !== length) return false
  return true
}

/** As a rule all names are right, and one look at all of them together takes a third of the time that each by itself takes. */
function isHexadecimal(digits: string): boolean {
  // The decoder ends before what is no digit, and takes capital letters.
  return Buffer.from(digits, 'hex').length * 2 === digits.length && digits.toLowerCase() === digits
}

/**
 * Whether the name is the hash of the object's bytes, so that two objects under one name cannot
 * both be whole.
 */
export function isContentNamed(name: string): boolean {
  return contentNamed.test(name)
}

/** Objects that come and go: nobody is to keep them for long. */
const passingFolders = /^(?:locks|condemned)\//

/** Whether it is an object that stays until a prune removes it. */
export function isLasting(name: string): boolean {
  return !passingFolders.test(name)
}

/**
 * Every storage calls this first: a name from a damaged or hostile object must never become a path.
 *
 * @throws {RangeError} when the name is none that docs/FORMAT.md knows.
 */
export function assertObjectName(name: string): void {
  if (!isObjectName(name)) throw new RangeError(`Not an object name: ${JSON.stringify(name)}`)
}

/** @throws {RangeError} when the name does not say what the bytes are, so that nothing may be replaced. */
export function assertContentNamed(name: string): void {
  if (!isContentNamed(name))
    throw new RangeError(`Not a content-derived name: ${JSON.stringify(name)}`)
}

/** @throws {RangeError} when the folder is none that holds objects. */
export function assertObjectFolder(folder: string): void {
  if (!(objectFolders as readonly string[]).includes(folder)) {
    throw new RangeError(`Not an object folder: ${JSON.stringify(folder)}`)
  }
}
