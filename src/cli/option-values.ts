import { InvalidArgumentError } from 'commander'

import { backupTypes, isBackupType, type BackupType } from '../model/snapshot.ts'

const factors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
}

/**
 * `500`, `100K`, `1.5G`, `64 KiB`: powers of 1,024 as in restic.
 *
 * `KB` is refused: half of its readers take it for 1,000.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:ib)?|b)?$/i.exec(text.trim())
  const bytes =
    match === null ? Number.NaN : Number(match[1]) * factors[(match[2] ?? '').toLowerCase()]
  if (!Number.isSafeInteger(Math.round(bytes))) {
    throw new InvalidArgumentError('Allowed: a size such as 500, 100K, 20M or 1.5GiB.')
  }
  return Math.round(bytes)
}

const chunkAverageBytesMin = 16 * 1024
const chunkAverageBytesMax = 2 * 1024 * 1024

/** The average size of a chunk: a power of two in the bounds of the format (docs/FORMAT.md, section 3). */
export function parseChunkSize(text: string): number {
  const bytes = parseSize(text)
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes))
  if (!isPowerOfTwo || bytes < chunkAverageBytesMin || bytes > chunkAverageBytesMax) {
    throw new InvalidArgumentError('Allowed: a power of two from 16K to 2M.')
  }
  return bytes
}

export function parseBackupType(text: string): BackupType {
  if (!isBackupType(text)) throw new InvalidArgumentError(`Allowed: ${backupTypes.join(', ')}.`)
  return text
}

/** Refuses the empty text, which is what an unset variable in a script leaves behind. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('Allowed: text that is not empty.')
  return text
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), parseText(text)]
}

/** `--tag a,b`: the tags of one option. */
export function splitTags(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}
