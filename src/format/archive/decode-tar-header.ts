import { ArchiveFault, tarBlockBytes } from './archive-entry.ts'
import { readNumber } from './tar-numbers.ts'

/** One header block as it is; a pax or long-name header before it may say otherwise. */
export interface TarHeader {
  readonly type: string
  readonly name: Buffer
  readonly link: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly major: number
  readonly minor: number
}

const checksumStart = 148
const checksumEnd = 156

/**
 * @returns null for a block of zeros
 * @throws {ArchiveFault} when its checksum or a number is wrong
 */
export function decodeTarHeader(block: Buffer): TarHeader | null {
  if (!isSumRight(block)) {
    if (block.every((byte) => byte === 0)) return null
    throw new ArchiveFault('a header has a wrong checksum')
  }
  // `ustar` with a NUL is POSIX; GNU's own form has a space there and other things where the prefix is.
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const name = textField(block, 0, 100)
  const prefix = isPosix ? textField(block, 345, 155) : Buffer.alloc(0)
  return {
    type: String.fromCharCode(block[156]),
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name,
    link: textField(block, 157, 100),
    mode: readNumber(block, 100, 8, 'mode') & 0o7777,
    uid: readNumber(block, 108, 8, 'user'),
    gid: readNumber(block, 116, 8, 'group'),
    size: readNumber(block, 124, 12, 'size'),
    mtimeSeconds: readNumber(block, 136, 12, 'time'),
    major: readNumber(block, 329, 8, 'device number'),
    minor: readNumber(block, 337, 8, 'device number'),
  }
}

/** Some old writers summed signed bytes; every reader takes both. */
function isSumRight(block: Buffer): boolean {
  let unsigned = 0
  let signed = 0
  for (let at = 0; at < tarBlockBytes; at++) {
    const byte = at >= checksumStart && at < checksumEnd ? 0x20 : block[at]
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const field = block.toString('latin1', checksumStart, checksumEnd)
  const digits = /^[ \0]*([0-7]+)[ \0]*$/.exec(field)?.[1]
  if (digits === undefined) return false
  const sum = Number.parseInt(digits, 8)
  return sum === unsigned || sum === signed
}

function textField(block: Buffer, at: number, bytes: number): Buffer {
  const end = block.indexOf(0, at)
  return Buffer.from(block.subarray(at, end < 0 ? at + bytes : Math.min(end, at + bytes)))
}
