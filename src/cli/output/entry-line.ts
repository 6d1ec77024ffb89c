import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { ListedEntry } from '../library.ts'
import { humanTime } from '../../foundation/human.ts'
import { entryTime, jsonPath, type JsonObject } from './json.ts'

const typeBits = 0o170000

interface EntryType {
  readonly letter: string
  /** restic's word. */
  readonly word: string
}

const types = new Map<number, EntryType>([
  [0o100000, { letter: '-', word: 'file' }],
  [0o040000, { letter: 'd', word: 'dir' }],
  [0o120000, { letter: 'l', word: 'symlink' }],
  [0o010000, { letter: 'p', word: 'fifo' }],
  [0o020000, { letter: 'c', word: 'chardev' }],
  [0o060000, { letter: 'b', word: 'dev' }],
  [0o140000, { letter: 's', word: 'socket' }],
])

const unknownType: EntryType = { letter: '?', word: 'unknown' }

function typeOf(mode: number): EntryType {
  return types.get(mode & typeBits) ?? unknownType
}

/** `drwxr-sr-t`, as `ls -l` writes it. */
export function permissionText(mode: number): string {
  const letters = Array.from('rwxrwxrwx', (letter, index) =>
    (mode >> (8 - index)) & 1 ? letter : '-',
  )
  const special = (bit: number, index: number, set: string, alone: string): void => {
    if (mode & bit) letters[index] = letters[index] === 'x' ? set : alone
  }
  special(0o4000, 2, 's', 'S')
  special(0o2000, 5, 's', 'S')
  special(0o1000, 8, 't', 'T')
  return typeOf(mode).letter + letters.join('')
}

/** The path alone; directories end in a slash. */
export function shortLine(entry: ListedEntry): string {
  return escapeBytes(entry.path) + (typeOf(entry.mode).word === 'dir' ? '/' : '')
}

/**
 * One line like that of `ls -ln`. The columns have fixed widths, because entries are printed as they come and a
 * listing of a million files is not held in memory to measure it.
 */
export function longLine(entry: ListedEntry): string {
  const target = entry.linkTarget === undefined ? '' : ` -> ${escapeBytes(entry.linkTarget)}`
  return [
    permissionText(entry.mode),
    String(entry.uid).padStart(5),
    String(entry.gid).padStart(5),
    String(entry.size).padStart(12),
    humanTime(entry.mtimeSeconds * 1000),
    escapeBytes(entry.path) + target,
  ].join(' ')
}

/** A node of `ls --json`, with restic's names. */
export function entryJson(entry: ListedEntry): JsonObject {
  const { path, mode, uid, gid, size, linkTarget } = entry
  const name = path.subarray(path.lastIndexOf(0x2f) + 1)
  return {
    message_type: 'node',
    ...jsonPath('name', name),
    type: typeOf(mode).word,
    ...jsonPath('path', path),
    uid,
    gid,
    ...(typeOf(mode).word === 'file' && { size }),
    mode: mode & 0o7777,
    permissions: permissionText(mode),
    mtime: entryTime(entry),
    ...(linkTarget !== undefined && jsonPath('linktarget', linkTarget)),
  }
}
