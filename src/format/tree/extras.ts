import { isDevice, isSymbolicLink } from './entry-kind.ts'
import { compareByteRanges, compareNames, nameBytesMax } from './names.ts'
import type { TreePage } from './tree-page.ts'

const tagLinkTarget = 1
const tagDevice = 2
const tagAttributes = 3
const recordHeaderBytes = 5
const attributeHeaderBytes = 6
const attributeCountMax = 0xffff

export interface DeviceNumber {
  readonly major: number
  readonly minor: number
}

export interface ExtendedAttribute {
  /** With its name space, such as `user.comment`; 1 to 255 bytes without NUL. */
  readonly name: Uint8Array
  readonly value: Uint8Array
}

/** What few entries have besides their columns. */
export interface EntryExtras {
  /** Target of a symbolic link as it is, without NUL. */
  readonly linkTarget?: Uint8Array
  readonly device?: DeviceNumber
  /** Any order when encoded, ascending when decoded; an empty list is the same as none. */
  readonly attributes?: readonly ExtendedAttribute[]
}

export interface DecodedExtras extends EntryExtras {
  readonly linkTarget?: Buffer
  readonly attributes: readonly { readonly name: Buffer; readonly value: Buffer }[]
}

/**
 * Extras as a page holds them; empty when there is nothing to say.
 *
 * @throws {RangeError} for an empty target or one with NUL, device numbers beyond `u32`, and attribute names that
 * the kernel cannot have given (empty, too long, with NUL, twice).
 */
export function encodeExtras(extras: EntryExtras): Buffer {
  const records: Buffer[] = []
  const { linkTarget, device, attributes } = extras
  if (linkTarget !== undefined) {
    if (!isLinkTarget(linkTarget, 0, linkTarget.length)) throw new RangeError('Not a link target')
    records.push(recordHeader(tagLinkTarget, linkTarget.length), Buffer.from(linkTarget))
  }
  if (device !== undefined) {
    const body = Buffer.alloc(8)
    body.writeUInt32LE(device.major, 0)
    body.writeUInt32LE(device.minor, 4)
    records.push(recordHeader(tagDevice, body.length), body)
  }
  if (attributes !== undefined && attributes.length > 0) {
    const body = encodeAttributes(attributes)
    records.push(recordHeader(tagAttributes, body.length), body)
  }
  return Buffer.concat(records)
}

/** Reads the extras of an entry of a checked page. Targets, names and values are views into the page. */
export function decodeExtras(page: TreePage, index: number): DecodedExtras {
  const { bytes } = page
  const end = page.extraOffsets[index + 1]
  let linkTarget: Buffer | undefined
  let device: DeviceNumber | undefined
  let attributes: DecodedExtras['attributes'] = []
  let position = page.extraOffsets[index]
  while (position < end) {
    const tag = bytes[position]
    const start = position + recordHeaderBytes
    position = start + bytes.readUInt32LE(position + 1)
    const body = bytes.subarray(start, position)
    if (tag === tagLinkTarget) linkTarget = body
    else if (tag === tagDevice)
      device = { major: body.readUInt32LE(0), minor: body.readUInt32LE(4) }
    else attributes = decodeAttributes(body)
  }
  return {
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    attributes,
  }
}

/**
 * What is wrong with bytes[start, end) as the extras of an entry of level 0 with this mode and size, or an empty
 * text: records that are cut short, unknown or out of order, or not what the kind of entry needs. Allocates nothing.
 */
export function extrasFault(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: number,
  size: number,
): string {
  let position = start
  let previousTag = 0
  let tags = 0
  while (position < end) {
    if (end - position < recordHeaderBytes) return 'has extras that are cut short'
    const tag = bytes[position]
    if (tag <= previousTag || tag > tagAttributes) return 'has extras that are out of order'
    const bodyStart = position + recordHeaderBytes
    position = bodyStart + readWord(bytes, position + 1)
    if (position > end) return 'has extras that are cut short'
    if (!isRecordBody(tag, bytes, bodyStart, position)) return 'has extras that cannot be read'
    if (tag === tagLinkTarget && position - bodyStart !== size) {
      return 'has a link target that is not as long as its size'
    }
    previousTag = tag
    tags |= 1 << tag
  }
  if (isSymbolicLink(mode) !== ((tags & (1 << tagLinkTarget)) !== 0)) {
    return 'has a link target and is no symbolic link, or the reverse'
  }
  if (isDevice(mode) !== ((tags & (1 << tagDevice)) !== 0)) {
    return 'has a device number and is no device, or the reverse'
  }
  return ''
}

function isRecordBody(tag: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (tag === tagLinkTarget) return isLinkTarget(bytes, start, end)
  if (tag === tagDevice) return end - start === 8
  return areAttributes(bytes, start, end)
}

function readHalfWord(bytes: Uint8Array, position: number): number {
  return bytes[position] | (bytes[position + 1] << 8)
}

function readWord(bytes: Uint8Array, position: number): number {
  return (readHalfWord(bytes, position) | (readHalfWord(bytes, position + 2) << 16)) >>> 0
}

function isLinkTarget(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start && !hasNul(bytes, start, end)
}

function hasNul(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) if (bytes[position] === 0) return true
  return false
}

function areAttributes(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2) return false
  const count = readHalfWord(bytes, start)
  let position = start + 2
  let previousStart = 0
  let previousEnd = 0
  for (let index = 0; index < count; index++) {
    if (end - position < attributeHeaderBytes) return false
    const nameStart = position + attributeHeaderBytes
    const nameEnd = nameStart + readHalfWord(bytes, position)
    position = nameEnd + readWord(bytes, position + 2)
    if (position > end || nameEnd - nameStart > nameBytesMax || nameEnd === nameStart) return false
    if (hasNul(bytes, nameStart, nameEnd)) return false
    if (compareByteRanges(bytes, previousStart, previousEnd, bytes, nameStart, nameEnd) >= 0) {
      return false
    }
    previousStart = nameStart
    previousEnd = nameEnd
  }
  return count > 0 && position === end
}

function encodeAttributes(attributes: readonly ExtendedAttribute[]): Buffer {
  if (attributes.length > attributeCountMax) throw new RangeError('Too many extended attributes')
  const sorted = attributes.toSorted((left, right) => compareNames(left.name, right.name))
  const count = Buffer.alloc(2)
  count.writeUInt16LE(sorted.length)
  const parts: Uint8Array[] = [count]
  let previous: Uint8Array = Buffer.alloc(0)
  for (const { name, value } of sorted) {
    const isName = name.length <= nameBytesMax && !hasNul(name, 0, name.length)
    // The empty name compares equal to the empty `previous` of the first turn.
    if (!isName || compareNames(previous, name) >= 0) {
      throw new RangeError('Not a list of extended attributes')
    }
    const header = Buffer.alloc(attributeHeaderBytes)
    header.writeUInt16LE(name.length, 0)
    header.writeUInt32LE(value.length, 2)
    parts.push(header, name, value)
    previous = name
  }
  return Buffer.concat(parts)
}

function decodeAttributes(body: Buffer): DecodedExtras['attributes'] {
  const attributes: { name: Buffer; value: Buffer }[] = []
  let position = 2
  while (position < body.length) {
    const start = position + attributeHeaderBytes
    const middle = start + body.readUInt16LE(position)
    position = middle + body.readUInt32LE(start - 4)
    attributes.push({ name: body.subarray(start, middle), value: body.subarray(middle, position) })
  }
  return attributes
}

function recordHeader(tag: number, lengthBytes: number): Buffer {
  const header = Buffer.alloc(recordHeaderBytes)
  header.writeUInt8(tag, 0)
  header.writeUInt32LE(lengthBytes, 1)
  return header
}
