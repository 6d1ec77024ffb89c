import { nameGlob, pathGlob } from '../../filesystem/scan/path-glob.ts'
import type { TiedDirectories } from './tied-directories.ts'

/** What a search looks for, made ready. Names and paths are latin1 text of their bytes. */
export interface FindPattern {
  /** Bytes that a list of names holds when one of its names may match, in or at the bounds of this name; null when nothing can be said. */
  readonly literal: Buffer | null
  /** The same, when capitals are ignored: ASCII in small letters, looked for in the small letters of the list. */
  readonly smallLiteral: string | null
  readonly onlyDirectories: boolean
  /** Where the directories stand, for a pattern that is tied to the root; null for others. */
  readonly tied: TiedDirectories | null
  matchesName(name: string): boolean
  /** @param directory path of the directory that holds the name, without slashes at its ends; asked only when the name matches */
  matchesDirectory(directory: string, name: string): boolean
}

const slash = 0x2f
const globCharacters = /[*?[]/

/**
 * Reads a pattern. Without `*`, `?` and `[` it is a text that the name holds, else a glob of the whole name. With a slash it is about the
 * path: a leading slash ties it to the snapshot's root, else it matches at any depth. A slash at the end matches directories only.
 *
 * @param pattern bytes, because names are; a glob that is not UTF-8 is compared byte by byte
 */
export function readFindPattern(pattern: Buffer, ignoreCase = false): FindPattern {
  const onlyDirectories = pattern.length > 1 && pattern[pattern.length - 1] === slash
  const bytes = onlyDirectories ? pattern.subarray(0, -1) : pattern
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  const isGlob = globCharacters.test(bytes.toString('latin1'))
  const slashAt = bytes.lastIndexOf(slash)
  if (slashAt < 0) {
    const name = isGlob
      ? globName(bytes.toString(encoding), encoding, ignoreCase)
      : textName(bytes, ignoreCase)
    return { ...name, onlyDirectories, tied: null, matchesDirectory: () => true }
  }
  return isGlob
    ? globPath(bytes, encoding, { ignoreCase, onlyDirectories })
    : textPath(bytes, slashAt, { ignoreCase, onlyDirectories })
}

type NamePart = Pick<FindPattern, 'literal' | 'smallLiteral' | 'matchesName'>
interface PathFlags {
  readonly ignoreCase: boolean
  readonly onlyDirectories: boolean
}

function textName(text: Buffer, ignoreCase: boolean): NamePart {
  if (ignoreCase) {
    const small = text.toString().toLowerCase()
    return {
      literal: null,
      smallLiteral: longestAscii(small),
      matchesName: (name) => decode(name, 'utf8').toLowerCase().includes(small),
    }
  }
  const latin1 = text.toString('latin1')
  return { literal: text, smallLiteral: null, matchesName: (name) => name.includes(latin1) }
}

function globName(glob: string, encoding: BufferEncoding, ignoreCase: boolean): NamePart {
  const matches = textOfGlob(glob, ignoreCase) ?? matcherOfGlob(glob, encoding, ignoreCase)
  const literal = globLiteral(glob)
  return {
    literal: literal === null || ignoreCase ? null : Buffer.from(literal, encoding),
    smallLiteral: literal !== null && ignoreCase ? longestAscii(literal.toLowerCase()) : null,
    matchesName: matches,
  }
}

function matcherOfGlob(
  glob: string,
  encoding: BufferEncoding,
  ignoreCase: boolean,
): FindPattern['matchesName'] {
  const expression = nameGlob(glob, ignoreCase)
  return (name) => expression.test(decode(name, encoding))
}

/** Most globs only say how a name begins or ends, which costs a tenth of a regular expression. */
function textOfGlob(glob: string, ignoreCase: boolean): FindPattern['matchesName'] | undefined {
  const [, before, middle, after] = /^(\*?)([\w-][\w.-]*|\.[\w.-]*\w)(\*?)$/.exec(glob) ?? []
  if (middle === undefined) return undefined
  const text = ignoreCase ? middle.toLowerCase() : middle
  const compare =
    before === ''
      ? (name: string): boolean => name.startsWith(text)
      : after === ''
        ? (name: string): boolean => name.endsWith(text)
        : (name: string): boolean => name.includes(text)
  // As the bytes are: beyond ASCII nothing becomes one of these letters.
  return ignoreCase ? (name) => compare(name.toLowerCase()) : compare
}

/** `**` at the end stands for names of any kind. */
function globPath(bytes: Buffer, encoding: BufferEncoding, flags: PathFlags): FindPattern {
  const { ignoreCase, onlyDirectories } = flags
  const text = bytes.toString(encoding)
  const glob = text.startsWith('/') ? text.slice(1) : `**/${text.replace(/^(\*\*\/)+/, '')}`
  const last = glob.slice(glob.lastIndexOf('/') + 1)
  const matches = pathGlob(glob, ignoreCase)
  const name: NamePart =
    last === '**'
      ? { literal: null, smallLiteral: null, matchesName: () => true }
      : globName(last, encoding, ignoreCase)
  return {
    ...name,
    onlyDirectories,
    tied: text.startsWith('/') ? tiedGlob(glob, encoding, ignoreCase) : null,
    matchesDirectory(directory, entry) {
      return matches(decode(directory === '' ? entry : `${directory}/${entry}`, encoding))
    },
  }
}

/** The text ends in the name; what stands before its last slash is how the path of the directory ends. */
function textPath(text: Buffer, slashAt: number, flags: PathFlags): FindPattern {
  const { ignoreCase, onlyDirectories } = flags
  const fold = (value: string): string => (ignoreCase ? value.toLowerCase() : value)
  const isTied = text[0] === slash
  const above = fold(text.toString('latin1', 0, slashAt + 1))
  const start = fold(text.toString('latin1', slashAt + 1))
  const literal = Buffer.concat([Buffer.alloc(1), text.subarray(slashAt + 1)])
  return {
    literal: ignoreCase ? null : literal,
    smallLiteral: ignoreCase ? longestAscii(`\0${start}`) : null,
    onlyDirectories,
    tied: isTied ? tiedText(above, fold) : null,
    matchesName: (name) => fold(name).startsWith(start),
    matchesDirectory(directory) {
      const path = directory === '' ? '/' : `/${fold(directory)}/`
      return isTied ? path === above : path.endsWith(above)
    },
  }
}

/** @param above with a slash at both ends */
function tiedText(above: string, fold: (value: string) => string): TiedDirectories {
  const names = above.split('/').slice(1, -1)
  return { steps: names.map((name) => (entry) => fold(entry) === name), isDeep: false }
}

/** Characters may mean something to the matcher that goes beyond one name: then nothing is said. */
function tiedGlob(
  glob: string,
  encoding: BufferEncoding,
  ignoreCase: boolean,
): TiedDirectories | null {
  if (!/^[\w\s.,~#=:;%&'"*?/\u0080-\uffff-]+$/.test(glob)) return null
  const parts = glob.split('/')
  const deepAt = parts.findIndex((part) => part.includes('**'))
  if (deepAt >= 0 && parts[deepAt] !== '**') return null
  const names = parts.slice(0, deepAt < 0 ? -1 : deepAt)
  if (names.includes('')) return null
  return {
    steps: names.map((name) => matcherOfGlob(name, encoding, ignoreCase)),
    isDeep: deepAt >= 0,
  }
}

/**
 * The part of a glob that stands for itself and tells most, with the end of a name where it is tied to one: the longest, but for an extension,
 * which many names have, only where there is nothing else.
 */
function globLiteral(glob: string): string | null {
  // Other characters may mean something to the matcher; what is not looked for cannot be missed.
  if (/[^\w\s.,~#=:;%&'"*?[\]\u0080-\uffff-]/.test(glob)) return null
  const parts = glob.replaceAll(/\[[^\]]*(?:\]|$)/g, '*').split(/[*?]+/)
  const hasExtension = parts.length > 1 && /^\.\w+$/.test(parts[parts.length - 1])
  const telling = hasExtension ? longestOf(parts.slice(0, -1)) : ''
  const longest = telling.length > 1 ? telling : longestOf(parts)
  if (longest === '') return null
  const isFirst = longest === parts[0]
  const isLast = !isFirst && longest === parts[parts.length - 1]
  return `${isFirst ? '\0' : ''}${longest}${isLast ? '\0' : ''}`
}

/** Letters beyond ASCII have small forms of other lengths: the rest of the text has to do. */
function longestAscii(text: string): string | null {
  return longestOf(text.split(/[^\0-\x7f]+/)) || null
}

function longestOf(parts: readonly string[]): string {
  return parts.reduce((best, part) => (part.length > best.length ? part : best), '')
}

/** Most names are ASCII, and the same in every encoding. */
function decode(latin1: string, encoding: BufferEncoding): string {
  if (encoding === 'latin1' || !/[\x80-\xff]/.test(latin1)) return latin1
  return Buffer.from(latin1, 'latin1').toString(encoding)
}

export function joinPath(directory: Buffer, name: Buffer): Buffer {
  return directory.length === 0 ? name : Buffer.concat([directory, Buffer.from([slash]), name])
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes)
}
