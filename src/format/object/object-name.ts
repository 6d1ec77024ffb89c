import { DamageError } from '../../foundation/errors.ts'
import { toObjectId } from '../../model/ids.ts'
import type { ObjectId } from '../../model/ids.ts'
import { plainHash } from '../hashing/blob-hasher.ts'
import type { ObjectType } from './object-header.ts'

/** The name of an object: the plain hash of its bytes. */
export function objectIdOf(bytes: Uint8Array): ObjectId {
  return toObjectId(plainHash(bytes).toString('hex'))
}

/**
 * @throws {DamageError} `OBJECT_DAMAGED` when the bytes are not those of the object of this name.
 */
export function checkObjectId(bytes: Uint8Array, type: ObjectType, id: ObjectId): void {
  const found = objectIdOf(bytes)
  if (found !== id) {
    throw new DamageError(`Cannot read ${type} "${id}": its bytes have another hash`, {
      facts: { id, found },
    })
  }
}
