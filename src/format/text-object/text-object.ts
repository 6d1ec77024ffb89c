import { timingSafeEqual } from 'node:crypto'
import { DamageError, RepositoryError } from '../../foundation/errors.ts'
import { plainHash } from '../hashing/blob-hasher.ts'
import { decodeUtf8 } from './json-text.ts'

/** Objects of three lines of text (docs/FORMAT.md, sections 3 and 4). */
export type TextObjectKind = 'holdfast repository' | 'holdfast key slot'

/** Longest text object. Readers look at nothing longer. */
export const textObjectBytesMax = 1_048_576
/** The newest that is understood, by kind; all from 1 on are. */
const versionMax: Readonly<Record<TextObjectKind, number>> = {
  'holdfast repository': 2,
  'holdfast key slot': 1,
}
const lineFeed = 0x0a
const hashPrefix = 'blake3 '
const hashLineBytes = hashPrefix.length + 64 + 1

/**
 * Writes the three lines: kind and version, the JSON text, the hash of both.
 *
 * @throws {RangeError} when the JSON text has several lines or is too long.
 */
export function encodeTextObject(kind: TextObjectKind, json: string, version: number = 1): Buffer {
  if (json.includes('\n')) throw new RangeError('The JSON text of a text object is one line')
  const head = Buffer.from(`${kind} ${version}\n${json}\n`, 'utf8')
  const hashLine = Buffer.from(`${hashPrefix}${plainHash(head).toString('hex')}\n`, 'latin1')
  const bytes = Buffer.concat([head, hashLine])
  if (bytes.length > textObjectBytesMax) throw new RangeError('A text object is at most 1 MiB long')
  return bytes
}

/**
 * Checks the first and the last line.
 *
 * @returns The JSON text of the second line, not parsed yet.
 * @throws {DamageError} `OBJECT_DAMAGED`
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote it.
 */
export function decodeTextObject(kind: TextObjectKind, bytes: Uint8Array): string {
  const damage = (state: string): DamageError =>
    new DamageError(`Cannot read ${nameOf(kind)}: ${state}`)
  if (bytes.length > textObjectBytesMax) throw damage(`${bytes.length} bytes are too many`)
  const firstEnd = bytes.indexOf(lineFeed)
  // The first line is read before the hash: a newer version may end in another way.
  if (firstEnd < 0) throw damage('it is cut off')
  checkFirstLine(kind, Buffer.from(bytes.subarray(0, firstEnd)).toString('latin1'))
  const secondEnd = bytes.indexOf(lineFeed, firstEnd + 1)
  if (secondEnd < 0) throw damage('it is cut off')
  if (bytes.length !== secondEnd + 1 + hashLineBytes) {
    throw damage('it is cut off or something follows its third line')
  }
  const hash = plainHash(bytes.subarray(0, secondEnd + 1)).toString('hex')
  const expected = Buffer.from(`${hashPrefix}${hash}\n`, 'latin1')
  if (!timingSafeEqual(expected, bytes.subarray(secondEnd + 1))) {
    throw damage('its hash line does not match')
  }
  return decodeUtf8(bytes.subarray(firstEnd + 1, secondEnd), nameOf(kind))
}

/** The version in the first line of an object that `decodeTextObject` has read. */
export function versionOfTextObject(kind: TextObjectKind, bytes: Uint8Array): number {
  const firstLine = Buffer.from(bytes.subarray(0, bytes.indexOf(lineFeed))).toString('latin1')
  return Number(firstLine.slice(kind.length + 1))
}

/** The word for messages. */
export function nameOf(kind: TextObjectKind): string {
  return kind === 'holdfast repository' ? 'config' : 'key slot'
}

function checkFirstLine(kind: TextObjectKind, line: string): void {
  const version = line.startsWith(`${kind} `) ? line.slice(kind.length + 1) : ''
  if (/^[1-9][0-9]{0,8}$/.test(version)) {
    if (Number(version) <= versionMax[kind]) return
    throw new RepositoryError(
      'FORMAT_UNSUPPORTED',
      `Cannot read ${nameOf(kind)}: version ${version} was written by a newer version`,
      { remedy: 'Update Holdfast on this machine', facts: { version: Number(version) } },
    )
  }
  throw new DamageError(`Cannot read ${nameOf(kind)}: its first line is not "${kind} 1"`)
}
