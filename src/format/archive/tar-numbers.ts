import { ArchiveFault } from './archive-entry.ts'

/** Writes octal digits with a NUL behind them, as GNU tar and Python do. */
export function writeOctal(
  target: Buffer,
  offset: number,
  fieldBytes: number,
  value: number,
): void {
  target.write(value.toString(8).padStart(fieldBytes - 1, '0'), offset, 'latin1')
  target[offset + fieldBytes - 1] = 0
}

/** Highest value that so many bytes hold as octal digits with a NUL. */
export function octalMax(fieldBytes: number): number {
  return 8 ** (fieldBytes - 1) - 1
}

/**
 * Reads a number field: octal digits between spaces and NULs, or GNU's binary form for what has no room.
 *
 * @throws {ArchiveFault}
 */
export function readNumber(
  header: Buffer,
  offset: number,
  fieldBytes: number,
  name: string,
): number {
  const first = header[offset]
  if ((first & 0x80) !== 0) return readBinary(header, offset, fieldBytes, name)
  const text = header
    .toString('latin1', offset, offset + fieldBytes)
    .replace(/^[ \0]+/, '')
    .replace(/[ \0].*$/s, '')
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) throw new ArchiveFault(`a header has a ${name} that is no number`)
  return assertSafe(Number.parseInt(text, 8), name)
}

function readBinary(header: Buffer, offset: number, fieldBytes: number, name: string): number {
  const isNegative = (header[offset] & 0x40) !== 0
  let value = isNegative ? -1n : 0n
  value = (value << 6n) | BigInt(header[offset] & 0x3f)
  for (let at = offset + 1; at < offset + fieldBytes; at++)
    value = (value << 8n) | BigInt(header[at])
  return assertSafe(Number(value), name)
}

function assertSafe(value: number, name: string): number {
  if (!Number.isSafeInteger(value)) throw new ArchiveFault(`a header has a ${name} out of bounds`)
  return value
}
