import { idBytes, toObjectId } from '../model/ids.ts'
import type { ObjectId } from '../model/ids.ts'

/**
 * Ids of objects are text outside and 32 bytes in the tables. @throws {RangeError} when it is not
 * an object id.
 */
export function toIdBytes(id: string): Buffer {
  return Buffer.from(toObjectId(id), 'hex')
}

export function toHex(id: Buffer): ObjectId {
  return toObjectId(id.toString('hex'))
}

/**
 * SQLite takes buffers only; this is a view, not a copy. @throws {RangeError} when it is not 32
 * bytes.
 */
export function asIdBuffer(id: Uint8Array): Buffer {
  if (id.length !== idBytes) throw new RangeError(`A blob id has 32 bytes, not ${id.length}`)
  return Buffer.isBuffer(id) ? id : Buffer.from(id.buffer, id.byteOffset, id.length)
}
