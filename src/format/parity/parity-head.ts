import { DamageError, RepositoryError } from '../../foundation/errors.ts'
import { idBytes, toObjectId, type ObjectId, type PackId } from '../../model/ids.ts'
import { createPlainHasher, hashToHex, plainHash } from '../hashing/blob-hasher.ts'
import {
  checkObjectHeader,
  decodeObjectHeader,
  encodeObjectHeader,
  objectHeaderBytes,
} from '../object/object-header.ts'
import { dataShardsMax, parityShardsMax } from './coding-matrix.ts'

/** A pack that a group protects. */
export interface ProtectedPack {
  readonly id: PackId
  readonly bytes: number
}

/** What a parity object says of the group that it belongs to (docs/FORMAT.md, section 15). */
export interface ParityDescription {
  readonly groupId: ObjectId
  /** One for each place of the group; null where there is no pack. */
  readonly packs: readonly (ProtectedPack | null)[]
  readonly parityShards: number
  /** Which of the group's parity shards the object holds, from 0. */
  readonly number: number
  /** Length of the longest pack: so long is each parity shard. Shorter packs count as if zeros followed. */
  readonly shardBytes: number
}

/** What the reader knows before it reads: a group of another repository is refused. */
export interface ParityExpectation {
  readonly repositoryId: Buffer
  readonly sealed: boolean
}

/** Damage is found, and repaired, in units of this length. */
export const stripeBytes = 65_536
export const checksumBytes = 8
const hashBytes = 32
/** A pack is at most so long (docs/FORMAT.md, section 7). */
const packBytesMax = 0xffff_ffff
const prefixBytesOffset = 64
const placesOffset = 68
const parityShardsOffset = 69
const numberOffset = 70
const shardBytesOffset = 72
const packsOffset = 80
const packEntryBytes = idBytes + 8
const footerBytes = 16
const footerMagic = Buffer.from('HFPARITY', 'latin1')
/** No more is needed to read any description. */
export const descriptionBytesMax: number = packsOffset + dataShardsMax * packEntryBytes + hashBytes

export function stripeCount(bytes: number): number {
  return Math.ceil(bytes / stripeBytes)
}

/** The first bytes of the plain hash: enough to tell damage, while a pack's name proves that it is whole. */
export function stripeChecksum(stripe: Uint8Array): Buffer {
  return plainHash(stripe).subarray(0, checksumBytes)
}

/** Where the parts of a parity object are, in bytes. */
export interface ParityLayout {
  /** Header, description and checksums; they stand before the shard and again behind it. */
  readonly prefixBytes: number
  readonly checksumsOffset: number
  readonly shardOffset: number
  readonly objectBytes: number
}

export function parityLayoutOf({
  packs,
  parityShards,
  shardBytes,
}: Pick<ParityDescription, 'packs' | 'parityShards' | 'shardBytes'>): ParityLayout {
  const stripes =
    packs.reduce((sum, pack) => sum + stripeCount(pack?.bytes ?? 0), 0) +
    parityShards * stripeCount(shardBytes)
  const checksumsOffset = packsOffset + packs.length * packEntryBytes + hashBytes
  const prefixBytes = checksumsOffset + stripes * checksumBytes + hashBytes
  return {
    prefixBytes,
    checksumsOffset,
    shardOffset: prefixBytes,
    objectBytes: 2 * prefixBytes + shardBytes + footerBytes,
  }
}

/**
 * Names a group by what it protects, so that whoever protects the same packs makes the same objects, and a lost one can be made again
 * bit by bit.
 */
export function groupIdOf(
  repositoryId: Buffer,
  packs: readonly (ProtectedPack | null)[],
  parityShards: number,
): ObjectId {
  const hasher = createPlainHasher()
  hasher.update(Buffer.from('holdfast v1 parity group', 'latin1')).update(repositoryId)
  hasher.update(Uint8Array.of(packs.length, parityShards)).update(encodePacks(packs))
  return toObjectId(hashToHex(hasher.digest()))
}

/**
 * Checksums of all stripes of a group: of its packs place by place, then of its parity shards.
 *
 * @param checksums In that order, `checksumBytes` each.
 * @throws {RangeError} when the description breaks a rule that readers check.
 */
export function encodeParityPrefix(
  description: ParityDescription,
  checksums: Uint8Array,
  { repositoryId, sealed }: ParityExpectation,
): Buffer {
  const { groupId, packs, parityShards, number, shardBytes } = description
  const layout = parityLayoutOf(description)
  const longest = packs.reduce((most, pack) => Math.max(most, pack?.bytes ?? 0), 0)
  if (
    packs.length < 1 ||
    packs.length > dataShardsMax ||
    parityShards < 1 ||
    parityShards > parityShardsMax ||
    number < 0 ||
    number >= parityShards ||
    shardBytes !== longest ||
    shardBytes === 0 ||
    checksums.length !== layout.prefixBytes - hashBytes - layout.checksumsOffset
  ) {
    throw new RangeError(`Not a parity group: ${packs.length} + ${parityShards} shards`)
  }
  const prefix = Buffer.alloc(layout.prefixBytes)
  const salt = Buffer.from(groupId, 'hex')
  prefix.set(encodeObjectHeader({ type: 'parity', sealed, repositoryId, salt }), 0)
  prefix.writeUInt32LE(layout.prefixBytes, prefixBytesOffset)
  prefix[placesOffset] = packs.length
  prefix[parityShardsOffset] = parityShards
  prefix[numberOffset] = number
  prefix.writeBigUInt64LE(BigInt(shardBytes), shardBytesOffset)
  prefix.set(encodePacks(packs), packsOffset)
  const descriptionEnd = layout.checksumsOffset - hashBytes
  prefix.set(plainHash(prefix.subarray(0, descriptionEnd)), descriptionEnd)
  prefix.set(checksums, layout.checksumsOffset)
  const end = layout.prefixBytes - hashBytes
  prefix.set(plainHash(prefix.subarray(0, end)), end)
  return prefix
}

/** The end of a parity object, by which the second prefix is found. */
export function encodeParityFooter(prefixBytes: number): Buffer {
  const footer = Buffer.alloc(footerBytes)
  footer.writeUInt32LE(prefixBytes, 0)
  footer.set(footerMagic, footerBytes - footerMagic.length)
  return footer
}

/** Reads from the object that is to be decoded. */
export type ReadParity = (offsetBytes: number, lengthBytes: number) => Promise<Uint8Array>

export interface ParityPrefix {
  readonly description: ParityDescription
  readonly layout: ParityLayout
  /** In the order of `encodeParityPrefix`. */
  readonly checksums: Buffer
}

/**
 * Reads only the description of a parity object: at most some kilobytes. Where the first copy is damaged, the second one serves.
 *
 * @throws {DamageError} `OBJECT_DAMAGED` when this is no parity object of this repository or neither copy is whole.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote it.
 */
export async function readParityDescription(
  read: ReadParity,
  objectBytes: number,
  expected: ParityExpectation,
): Promise<ParityDescription> {
  return fromEitherCopy(read, objectBytes, async (offset) => {
    const lengthBytes = Math.min(descriptionBytesMax, objectBytes - offset)
    const head = Buffer.from(await read(offset, lengthBytes))
    return decodeDescription(head, objectBytes, expected)
  })
}

/**
 * Reads description and checksums.
 *
 * @throws as `readParityDescription`
 */
export async function readParityPrefix(
  read: ReadParity,
  objectBytes: number,
  expected: ParityExpectation,
): Promise<ParityPrefix> {
  return fromEitherCopy(read, objectBytes, async (offset) => {
    const head = Buffer.from(
      await read(offset, Math.min(descriptionBytesMax, objectBytes - offset)),
    )
    const description = decodeDescription(head, objectBytes, expected)
    const layout = parityLayoutOf(description)
    // Not longer than the object, which the description was held against.
    const prefix = Buffer.from(await read(offset, layout.prefixBytes))
    const end = layout.prefixBytes - hashBytes
    if (!plainHash(prefix.subarray(0, end)).equals(prefix.subarray(end))) {
      throw new DamageError('Cannot read parity object: its checksums are damaged')
    }
    const repeated = decodeDescription(
      prefix.subarray(0, layout.checksumsOffset),
      objectBytes,
      expected,
    )
    if (repeated.groupId !== description.groupId || repeated.number !== description.number) {
      throw new DamageError('Cannot read parity object: it changes while it is read')
    }
    return { description, layout, checksums: prefix.subarray(layout.checksumsOffset, end) }
  })
}

async function fromEitherCopy<T>(
  read: ReadParity,
  objectBytes: number,
  decode: (offset: number) => Promise<T>,
): Promise<T> {
  try {
    return await decode(0)
  } catch (error) {
    if (!isOfContent(error)) throw error
    const offset = await secondPrefixOffset(read, objectBytes)
    if (offset === undefined) throw error
    return await decode(offset)
  }
}

/** A flipped bit can also look like a newer version. */
function isOfContent(error: unknown): boolean {
  if (!(error instanceof RepositoryError)) return false
  return error.code === 'OBJECT_DAMAGED' || error.code === 'FORMAT_UNSUPPORTED'
}

async function secondPrefixOffset(
  read: ReadParity,
  objectBytes: number,
): Promise<number | undefined> {
  const end = objectBytes - footerBytes
  if (end < 2 * objectHeaderBytes) return undefined
  const footer = Buffer.from(await read(end, footerBytes))
  const isFooter = footer.subarray(footerBytes - footerMagic.length).equals(footerMagic)
  const prefixBytes = footer.readUInt32LE(0)
  return isFooter && 2 * prefixBytes < end ? end - prefixBytes : undefined
}

function decodeDescription(
  head: Buffer,
  objectBytes: number,
  expected: ParityExpectation,
): ParityDescription {
  const header = decodeObjectHeader(head)
  checkObjectHeader(header, { type: 'parity', ...expected })
  if (head.length < packsOffset) throw damage('it ends in its description')
  const [places, parityShards, number, zero] = head.subarray(placesOffset, shardBytesOffset)
  if (places < 1 || places > dataShardsMax || parityShards < 1 || parityShards > parityShardsMax) {
    throw damage(`a group of ${places} + ${parityShards} shards is not allowed`)
  }
  if (number >= parityShards || zero !== 0) throw damage('its place in the group is impossible')
  const descriptionEnd = packsOffset + places * packEntryBytes
  if (head.length < descriptionEnd + hashBytes) throw damage('it ends in its description')
  const found = head.subarray(descriptionEnd, descriptionEnd + hashBytes)
  if (!plainHash(head.subarray(0, descriptionEnd)).equals(found)) {
    throw damage('its description is damaged')
  }
  const packs = decodePacks(head.subarray(packsOffset, descriptionEnd))
  const shardBytes = Number(head.readBigUInt64LE(shardBytesOffset))
  const longest = packs.reduce((most, pack) => Math.max(most, pack?.bytes ?? 0), 0)
  if (shardBytes !== longest || shardBytes === 0) throw damage('its length is not its longest pack')
  const groupId = toObjectId(header.salt.toString('hex'))
  if (groupIdOf(expected.repositoryId, packs, parityShards) !== groupId) {
    throw damage('its packs are not those of its group')
  }
  const description = { groupId, packs, parityShards, number, shardBytes }
  const layout = parityLayoutOf(description)
  const isFitting =
    head.readUInt32LE(prefixBytesOffset) === layout.prefixBytes &&
    objectBytes === layout.objectBytes
  if (!isFitting) throw damage(`it has ${objectBytes} bytes instead of ${layout.objectBytes}`)
  return description
}

function encodePacks(packs: readonly (ProtectedPack | null)[]): Buffer {
  const bytes = Buffer.alloc(packs.length * packEntryBytes)
  for (const [place, pack] of packs.entries()) {
    if (pack === null) continue
    bytes.write(pack.id, place * packEntryBytes, 'hex')
    bytes.writeBigUInt64LE(BigInt(pack.bytes), place * packEntryBytes + idBytes)
  }
  return bytes
}

function decodePacks(bytes: Buffer): (ProtectedPack | null)[] {
  const packs: (ProtectedPack | null)[] = []
  const ids = new Set<PackId>()
  for (let offset = 0; offset < bytes.length; offset += packEntryBytes) {
    const id = toObjectId(bytes.toString('hex', offset, offset + idBytes))
    const length = bytes.readBigUInt64LE(offset + idBytes)
    const isVacant = length === 0n && bytes.subarray(offset, offset + idBytes).every((b) => b === 0)
    if (isVacant) {
      packs.push(null)
      continue
    }
    if (length === 0n || length > BigInt(packBytesMax))
      throw damage('a pack has no possible length')
    if (ids.has(id)) throw damage('a pack stands in it twice')
    ids.add(id)
    packs.push({ id, bytes: Number(length) })
  }
  return packs
}

function damage(state: string): DamageError {
  return new DamageError(`Cannot read parity object: ${state}`)
}
