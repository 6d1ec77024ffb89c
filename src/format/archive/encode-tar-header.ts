import { isUtf8 } from 'node:buffer'
import { compareNames } from '../tree/names.ts'
import { tarBlockBytes, type ArchiveEntry, type ArchiveEntryType } from './archive-entry.ts'
import { attributeKeyword, encodePaxRecord, formatPaxTime } from './pax-records.ts'
import { octalMax, writeOctal } from './tar-numbers.ts'

/*
 * Written here instead of with a package: the packages take names as text, so that a name that is not UTF-8 cannot be written, and
 * values of extended attributes neither. It is also one buffer for each member instead of one stream.
 */

const typeFlags: Readonly<Record<ArchiveEntryType, string>> = {
  file: '0',
  hardLink: '1',
  symlink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
}

const field = {
  name: { at: 0, bytes: 100 },
  mode: { at: 100, bytes: 8 },
  uid: { at: 108, bytes: 8 },
  gid: { at: 116, bytes: 8 },
  size: { at: 124, bytes: 12 },
  mtime: { at: 136, bytes: 12 },
  checksum: { at: 148, bytes: 8 },
  type: { at: 156, bytes: 1 },
  link: { at: 157, bytes: 100 },
  magic: { at: 257, bytes: 8 },
  major: { at: 329, bytes: 8 },
  minor: { at: 337, bytes: 8 },
  prefix: { at: 345, bytes: 155 },
} as const

const slash = 0x2f

interface RawHeader {
  readonly name: Buffer
  readonly prefix: Buffer
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly link: Buffer
  readonly major: number
  readonly minor: number
}

const nothing = Buffer.alloc(0)

/**
 * All header blocks of one member: a POSIX header, before it a pax header for what has no room there.
 *
 * A name of up to 255 bytes stands in the POSIX header as it is, whatever its bytes: every reader takes them from there unchanged,
 * whereas a pax `path` is UTF-8 by rule. Names of users and groups are not written. A snapshot does not hold them, and those of the machine that exports
 * may belong to others where the archive is unpacked; the numbers say who the owner was.
 */
export function encodeTarHeader(entry: ArchiveEntry): Buffer {
  const { device, type } = entry
  const path = type === 'directory' ? Buffer.concat([entry.path, Buffer.from([slash])]) : entry.path
  const link = entry.linkTarget ?? nothing
  const place = splitName(path)
  const header = encodeRaw({
    name: place?.name ?? path.subarray(0, field.name.bytes),
    prefix: place?.prefix ?? nothing,
    type: typeFlags[type],
    mode: entry.mode,
    uid: orZero(entry.uid, field.uid),
    gid: orZero(entry.gid, field.gid),
    size: orZero(entry.size, field.size),
    mtime: orZero(entry.mtimeSeconds, field.mtime),
    link: link.subarray(0, field.link.bytes),
    major: orZero(device?.major ?? 0, field.major),
    minor: orZero(device?.minor ?? 0, field.minor),
  })
  const records = [
    ...nameRecords(place ? undefined : path, link),
    ...numberRecords(entry),
    ...attributeRecords(entry),
  ]
  if (records.length === 0) return header
  return Buffer.concat([encodePaxHeader('x', paxName(entry.path), records), header])
}

function nameRecords(longPath: Buffer | undefined, link: Buffer): Buffer[] {
  const longLink = link.length > field.link.bytes ? link : undefined
  // By rule these are UTF-8. Where they are not, readers that know how are told so; the others take the bytes as they are.
  const areText = isUtf8(longPath ?? nothing) && isUtf8(longLink ?? nothing)
  return [
    ...(areText ? [] : [encodePaxRecord('hdrcharset', Buffer.from('BINARY'))]),
    ...(longPath ? [encodePaxRecord('path', longPath)] : []),
    ...(longLink ? [encodePaxRecord('linkpath', longLink)] : []),
  ]
}

function numberRecords(entry: ArchiveEntry): Buffer[] {
  const { device, mtimeSeconds, mtimeNs } = entry
  const records: Buffer[] = []
  const add = (keyword: string, value: number, room: Room): void => {
    if (!fits(value, room)) records.push(encodePaxRecord(keyword, Buffer.from(String(value))))
  }
  add('size', entry.size, field.size)
  add('uid', entry.uid, field.uid)
  add('gid', entry.gid, field.gid)
  if (mtimeNs !== 0 || !fits(mtimeSeconds, field.mtime)) {
    const time = formatPaxTime(mtimeSeconds, mtimeNs)
    records.push(encodePaxRecord('mtime', Buffer.from(time)))
  }
  if (device) {
    add('SCHILY.devmajor', device.major, field.major)
    add('SCHILY.devminor', device.minor, field.minor)
  }
  return records
}

function attributeRecords({ attributes }: ArchiveEntry): Buffer[] {
  return attributes
    .toSorted((one, other) => compareNames(one.name, other.name))
    .map(({ name, value }) => encodePaxRecord(attributeKeyword(name), value))
}

interface Room {
  readonly bytes: number
}

function fits(value: number, { bytes }: Room): boolean {
  return value >= 0 && value <= octalMax(bytes)
}

/** A pax record says what has no room. */
function orZero(value: number, room: Room): number {
  return fits(value, room) ? value : 0
}

/** A header for the whole archive with a comment, which every tar knows and passes over (`git archive` writes one, too). */
export function encodeTarComment(comment: string): Buffer {
  const name = Buffer.from('pax_global_header')
  return encodePaxHeader('g', name, [encodePaxRecord('comment', Buffer.from(comment))])
}

function encodePaxHeader(type: 'x' | 'g', name: Buffer, records: readonly Buffer[]): Buffer {
  const body = Buffer.concat(records)
  const header = encodeRaw({
    name,
    prefix: nothing,
    type,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    link: nothing,
    major: 0,
    minor: 0,
  })
  return Buffer.concat([header, body, Buffer.alloc(paddingOf(body.length))])
}

/** Zeros that follow a content up to the next block. */
export function paddingOf(bytes: number): number {
  return (tarBlockBytes - (bytes % tarBlockBytes)) % tarBlockBytes
}

/** What a reader that does not know pax headers would call it. */
function paxName(path: Buffer): Buffer {
  const base = path.subarray(path.lastIndexOf(slash) + 1)
  return Buffer.concat([Buffer.from('PaxHeaders/'), base.subarray(0, 80)])
}

/** @returns undefined when it has no room in a POSIX header */
function splitName(path: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (path.length <= field.name.bytes) return { name: path, prefix: nothing }
  // The first slash that leaves few enough bytes behind it; the slash of a directory stays with its name.
  const at = path.indexOf(slash, path.length - field.name.bytes - 1)
  if (at <= 0 || at > field.prefix.bytes || at >= path.length - 1) return undefined
  return { name: path.subarray(at + 1), prefix: path.subarray(0, at) }
}

function encodeRaw(header: RawHeader): Buffer {
  const block = Buffer.alloc(tarBlockBytes)
  block.set(header.name, field.name.at)
  block.set(header.prefix, field.prefix.at)
  block.set(header.link, field.link.at)
  for (const name of ['mode', 'uid', 'gid', 'size', 'mtime', 'major', 'minor'] as const) {
    writeOctal(block, field[name].at, field[name].bytes, header[name])
  }
  block.write(header.type, field.type.at, 'latin1')
  block.write('ustar\u000000', field.magic.at, 'latin1')
  block.fill(0x20, field.checksum.at, field.checksum.at + field.checksum.bytes)
  let sum = 0
  for (let at = 0; at < tarBlockBytes; at++) sum += block[at]
  writeOctal(block, field.checksum.at, 7, sum)
  return block
}
