import { DamageError, RepositoryError } from '../../foundation/errors.ts'

/** What a binary object is (docs/FORMAT.md, section 5.1). */
export type ObjectType = 'pack' | 'index' | 'snapshot' | 'journal' | 'condemned' | 'parity'

export interface ObjectHeader {
  readonly type: ObjectType
  /** True for AES-256-GCM, false for integrity tags only. */
  readonly sealed: boolean
  /** 16 bytes. */
  readonly repositoryId: Buffer
  /** 32 random bytes, new for every object and for every attempt to write one. */
  readonly salt: Buffer
}

/** What the reader knows about an object before it opens it. */
export type ExpectedHeader = Pick<ObjectHeader, 'type' | 'sealed' | 'repositoryId'>

export const objectHeaderBytes = 64
export const repositoryIdBytes = 16
export const saltBytes = 32

const formatVersion = 1
const magic = Buffer.from('HOLDFAST', 'latin1')
const versionOffset = 8
const typeOffset = 9
const sealingOffset = 10
const zeroOffset = 11
const repositoryIdOffset = 16
const saltOffset = 32

/** The type's number in the header is its place in this list. */
const typeOfCode: readonly (ObjectType | undefined)[] = [
  undefined,
  'pack',
  'index',
  'snapshot',
  'journal',
  'condemned',
  'parity',
]

/**
 * Writes the first 64 bytes of a binary object.
 *
 * @throws {RangeError} when the repository id or the salt has another length.
 */
export function encodeObjectHeader(header: ObjectHeader): Buffer {
  const { type, sealed, repositoryId, salt } = header
  if (repositoryId.length !== repositoryIdBytes) throw new RangeError('A repository id is 16 bytes')
  if (salt.length !== saltBytes) throw new RangeError('A salt is 32 bytes')
  const bytes = Buffer.alloc(objectHeaderBytes)
  bytes.set(magic, 0)
  bytes[versionOffset] = formatVersion
  bytes[typeOffset] = typeOfCode.indexOf(type)
  bytes[sealingOffset] = sealed ? 1 : 0
  bytes.set(repositoryId, repositoryIdOffset)
  bytes.set(salt, saltOffset)
  return bytes
}

/**
 * Reads the header at the start of `bytes`; anything may follow it. The result does not keep
 * `bytes` alive.
 *
 * @throws {DamageError} `OBJECT_DAMAGED` when this is no header of version 1.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote it.
 */
export function decodeObjectHeader(bytes: Uint8Array): ObjectHeader {
  if (bytes.length < objectHeaderBytes) {
    throw new DamageError(`Cannot read object header: only ${bytes.length} of 64 bytes are there`)
  }
  const head = Buffer.from(bytes.subarray(0, objectHeaderBytes))
  if (!head.subarray(0, magic.length).equals(magic)) {
    throw new DamageError('Cannot read object header: it does not begin with "HOLDFAST"')
  }
  checkVersion(head[versionOffset])
  const type = typeOfCode[head[typeOffset]]
  if (type === undefined) {
    throw new DamageError(`Cannot read object header: object type ${head[typeOffset]} is unknown`)
  }
  const sealing = head[sealingOffset]
  if (sealing > 1) {
    throw new DamageError(`Cannot read object header: sealing ${sealing} is unknown`)
  }
  if (head.subarray(zeroOffset, repositoryIdOffset).some((byte) => byte !== 0)) {
    throw new DamageError('Cannot read object header: reserved bytes are not zero')
  }
  return {
    type,
    sealed: sealing === 1,
    repositoryId: head.subarray(repositoryIdOffset, saltOffset),
    salt: head.subarray(saltOffset, objectHeaderBytes),
  }
}

function checkVersion(version: number): void {
  if (version > formatVersion) {
    throw new RepositoryError(
      'FORMAT_UNSUPPORTED',
      `Cannot read object header: format version ${version} was written by a newer version`,
      { remedy: 'Update Holdfast on this machine', facts: { version } },
    )
  }
  if (version !== formatVersion) {
    throw new DamageError(`Cannot read object header: format version ${version} does not exist`)
  }
}

/**
 * Refuses an object that stands in the place of another: of another type, of another repository, or
 * unencrypted in an encrypted repository (which anyone could have written).
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function checkObjectHeader(header: ObjectHeader, expected: ExpectedHeader): void {
  if (header.type !== expected.type) {
    throw new DamageError(`Cannot read ${expected.type}: the object is of type "${header.type}"`)
  }
  if (header.sealed !== expected.sealed) {
    const found = header.sealed ? 'encrypted' : 'not encrypted'
    throw new DamageError(`Cannot read ${expected.type}: the object is ${found}`)
  }
  if (!header.repositoryId.equals(expected.repositoryId)) {
    throw new DamageError(`Cannot read ${expected.type}: the object belongs to another repository`)
  }
}
