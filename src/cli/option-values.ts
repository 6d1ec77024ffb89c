import { InvalidArgumentError } from 'commander'

import { readRate } from '../config/read-rate.ts'
import type { ReadSubset } from './library.ts'
import type { ParitySetting } from '../model/parity-setting.ts'
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

/** `500` (KiB in a second, as in restic), `10M`, `0` for no limit. @returns bytes in a second */
export function parseRate(text: string): number {
  const bytes = readRate(text.trim())
  if (bytes === undefined) {
    throw new InvalidArgumentError('Allowed: a rate such as 500 (KiB in a second), 10M, or 0.')
  }
  return bytes
}

/** `5%`, `10G`, `1/7`: what restic calls a subset of the data. */
export function parseReadSubset(text: string): ReadSubset {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())
  if (percent !== null && Number(percent[1]) > 0 && Number(percent[1]) <= 100) {
    return { kind: 'percent', percent: Number(percent[1]) }
  }
  const part = /^(\d{1,9})\/(\d{1,9})$/.exec(text.trim())
  if (part !== null && Number(part[1]) >= 1 && Number(part[1]) <= Number(part[2])) {
    return { kind: 'part', part: Number(part[1]), of: Number(part[2]) }
  }
  try {
    const bytes = parseSize(text)
    if (bytes > 0 && percent === null && part === null) return { kind: 'bytes', bytes }
  } catch {
    // Told below, with all that is allowed.
  }
  throw new InvalidArgumentError('Allowed: a part such as 5%, 10G or 1/7.')
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

/** How hard to compress: what gzip takes. */
export function parseLevel(text: string): number {
  if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError('Allowed: 1 to 9.')
  return Number(text)
}

/** A whole number from 1 on. */
export function parsePositive(text: string): number {
  const number = Number(text)
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('Allowed: a whole number from 1 on.')
  }
  return number
}

/** Refuses the empty text, which is what an unset variable in a script leaves behind. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('Allowed: text that is not empty.')
  return text
}

/** The number of a TCP port; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('Allowed: a number from 0 to 65535.')
  return port
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

/** `10+2`, or `off` for null; the bounds are those of the format (docs/FORMAT.md, section 15). */
export function parseParity(text: string): ParitySetting | null {
  if (text === 'off') return null
  const match = /^(\d{1,3})\+(\d{1,3})$/.exec(text)
  const setting = { dataPacks: Number(match?.[1]), parityPacks: Number(match?.[2]) }
  const isAllowed =
    setting.dataPacks >= 1 &&
    setting.dataPacks <= 64 &&
    setting.parityPacks >= 1 &&
    setting.parityPacks <= 16
  if (!isAllowed) {
    throw new InvalidArgumentError('Allowed: off, or 1 to 64 packs + 1 to 16 parity, such as 10+2.')
  }
  return setting
}

const durationFactorsMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

/** `0`, `90m`, `36h`, `7d`, `2w`. */
export function parseDuration(text: string): number {
  const match = /^(\d+)([smhdw])$/i.exec(text.trim())
  if (match === null && text.trim() !== '0') {
    throw new InvalidArgumentError('Allowed: 0, or a duration such as 90m, 36h, 7d or 2w.')
  }
  return match === null ? 0 : Number(match[1]) * durationFactorsMs[match[2].toLowerCase()]
}

/** `5%`, `10G`, `unlimited`: how much may stay that nobody needs. */
export function parseUnused(text: string): { ratio: number } | { bytes: number } {
  if (text === 'unlimited') return { bytes: Infinity }
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text.trim())
  if (match === null) return { bytes: parseSize(text) }
  const ratio = Number(match[1]) / 100
  if (ratio >= 1) throw new InvalidArgumentError('Allowed: less than 100%, a size, or unlimited.')
  // restic's meaning: a part of all that is kept, not of what is live.
  return { ratio: ratio / (1 - ratio) }
}

/** A day or time (`2026-11-01`, `2026-11-01 18:30`, local time), or so long ago (`36h`, `7d`). @returns milliseconds */
export function parseMoment(text: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const isTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?$/.test(text)
  const ms = isDay || isTime ? Date.parse(isDay ? `${text}T00:00` : text.replace(' ', 'T')) : NaN
  if (!Number.isNaN(ms)) return ms
  if (!/^\d+[smhdw]$/i.test(text)) {
    throw new InvalidArgumentError(
      'Allowed: 2026-11-01, "2026-11-01 18:30", or so long ago: 36h, 7d.',
    )
  }
  return Date.now() - parseDuration(text)
}

/** A whole number of things; 0 where that means all. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number.')
  return Number(text)
}
