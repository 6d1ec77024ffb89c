import { DamageError } from '../../foundation/errors.ts'
import { idBytes, toObjectId } from '../../model/ids.ts'
import type { PackId } from '../../model/ids.ts'
import { listPlainBytesMax } from '../encryption/frame-descriptor.ts'
import { saltBytes } from '../object/object-header.ts'
import { packBytesMax } from '../pack/pack-limits.ts'

/** One pack in an index object (docs/FORMAT.md, section 8). */
export interface IndexEntry {
  readonly packId: PackId
  /** 32 bytes of the pack's header, from which its frame key comes. */
  readonly salt: Buffer
  readonly packBytes: number
  /** Plaintext of the pack's trailer; `decodePackTrailer` reads and checks it. */
  readonly trailer: Buffer
}

const countBytes = 4
const saltAt = idBytes
const packBytesAt = saltAt + saltBytes
const trailerBytesAt = packBytesAt + 8
const entryBytes = trailerBytesAt + 4

/**
 * Bytes that an entry takes in an index object; together with 4 they must stay within 268,435,456.
 */
export function indexEntryBytes(trailerBytes: number): number {
  return entryBytes + trailerBytes
}

/**
 * Writes the plaintext of an index object.
 *
 * @throws {RangeError} when an entry does not fit the format or all are too long together.
 */
export function encodeIndexObject(entries: readonly IndexEntry[]): Buffer {
  let totalBytes = countBytes
  for (const { trailer } of entries) totalBytes += indexEntryBytes(trailer.length)
  if (totalBytes > listPlainBytesMax)
    throw new RangeError('An index object is at most 256 MiB long')
  const bytes = Buffer.allocUnsafe(totalBytes)
  bytes.writeUInt32LE(entries.length, 0)
  let at = countBytes
  for (const { packId, salt, packBytes, trailer } of entries) {
    if (salt.length !== saltBytes) throw new RangeError('A salt is 32 bytes')
    if (packBytes > packBytesMax) throw new RangeError(`A pack of ${packBytes} bytes is too long`)
    bytes.write(toObjectId(packId), at, 'hex')
    bytes.set(salt, at + saltAt)
    bytes.writeBigUInt64LE(BigInt(packBytes), at + packBytesAt)
    bytes.writeUInt32LE(trailer.length, at + trailerBytesAt)
    bytes.set(trailer, at + entryBytes)
    at += indexEntryBytes(trailer.length)
  }
  return bytes
}

/**
 * Reads the plaintext of an index object. Salts and trailers are views of `plaintext`.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function decodeIndexObject(plaintext: Uint8Array): IndexEntry[] {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length)
  if (bytes.length < countBytes) throw damage('it is cut off')
  const count = bytes.readUInt32LE(0)
  const entries: IndexEntry[] = []
  let at = countBytes
  // The count is not trusted for an allocation; the loop ends where the bytes end.
  for (let index = 0; index < count; index++) {
    const entry = readEntry(bytes, at, index)
    entries.push(entry)
    at += indexEntryBytes(entry.trailer.length)
  }
  if (at !== bytes.length) throw damage(`${bytes.length - at} bytes follow the last pack`)
  return entries
}

function readEntry(bytes: Buffer, at: number, index: number): IndexEntry {
  if (at + entryBytes > bytes.length) throw damage(`pack ${index} is cut off`)
  const packBytes = bytes.readBigUInt64LE(at + packBytesAt)
  if (packBytes > packBytesMax) throw damage(`pack ${index} has ${packBytes} bytes, too many`)
  const trailerEnd = at + entryBytes + bytes.readUInt32LE(at + trailerBytesAt)
  if (trailerEnd > bytes.length) throw damage(`the trailer of pack ${index} is cut off`)
  return {
    packId: toObjectId(bytes.toString('hex', at, at + idBytes)),
    salt: bytes.subarray(at + saltAt, at + packBytesAt),
    packBytes: Number(packBytes),
    trailer: bytes.subarray(at + entryBytes, trailerEnd),
  }
}

function damage(state: string): DamageError {
  return new DamageError(`Cannot read index object: ${state}`)
}
