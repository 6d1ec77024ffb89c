declare const brand: unique symbol

/** 64 lower-case hexadecimal digits: the plain BLAKE3 hash of an object, which is also its name. */
export type ObjectId = string & { readonly [brand]: 'ObjectId' }
/** The id of a pack object. */
export type PackId = ObjectId
/** The id of a snapshot object. */
export type SnapshotId = ObjectId

/** Ids of blobs stay 32 raw bytes: there are millions of them and they never meet a person. */
export const idBytes = 32
/** The same as 32-bit words: ids in pages are compared by them. */
export const idWords = 8

const hex64 = /^[0-9a-f]{64}$/

export function isObjectId(text: string): text is ObjectId {
  return hex64.test(text)
}

/** @throws {RangeError} when the text is not 64 lower-case hexadecimal digits. */
export function toObjectId(text: string): ObjectId {
  if (!isObjectId(text)) throw new RangeError(`Not an object id: ${JSON.stringify(text)}`)
  return text
}
