import { ArchiveFault, type ArchiveEntry, type ArchiveEntryType } from './archive-entry.ts'
import type { TarHeader } from './decode-tar-header.ts'
import { attributeOfKeyword, parsePaxNumber, parsePaxTime, type PaxRecords } from './pax-records.ts'

/** What came before a header and overrules it. */
export interface EntryOverrides {
  readonly records: PaxRecords
  readonly longName: Buffer | undefined
  readonly longLink: Buffer | undefined
}

const types: Readonly<Record<string, ArchiveEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardLink',
  '2': 'symlink',
  '3': 'characterDevice',
  '4': 'blockDevice',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
}

const slash = 0x2f
const idMax = 0xffff_ffff

/**
 * Puts a header and what came before it together.
 *
 * @throws {ArchiveFault} for kinds of members that are not known, and values out of bounds
 */
export function composeEntry(header: TarHeader, overrides: EntryOverrides): ArchiveEntry {
  const { records } = overrides
  const rawPath = textOf(records, 'path') ?? overrides.longName ?? header.name
  const type = typeOf(header, rawPath)
  const time = records.get('mtime')
  const mtime = time?.length ? parsePaxTime(time) : { seconds: header.mtimeSeconds, ns: 0 }
  const size = numberOf(records, 'size') ?? header.size
  if (size < 0) throw new ArchiveFault('a header has a negative size')
  if (type === 'hardLink' && size > 0) throw new ArchiveFault('a hard link has a content')
  const link = textOf(records, 'linkpath') ?? overrides.longLink ?? header.link
  const isDevice = type === 'characterDevice' || type === 'blockDevice'
  return {
    type,
    path: withoutEndSlash(rawPath),
    mode: header.mode,
    uid: idOf(numberOf(records, 'uid') ?? header.uid),
    gid: idOf(numberOf(records, 'gid') ?? header.gid),
    size: type === 'file' ? size : 0,
    mtimeSeconds: mtime.seconds,
    mtimeNs: mtime.ns,
    linkTarget: type === 'symlink' || type === 'hardLink' ? Buffer.from(link) : undefined,
    device: isDevice
      ? {
          major: idOf(numberOf(records, 'SCHILY.devmajor') ?? header.major),
          minor: idOf(numberOf(records, 'SCHILY.devminor') ?? header.minor),
        }
      : undefined,
    attributes: attributesOf(records),
  }
}

function typeOf(header: TarHeader, path: Buffer): ArchiveEntryType {
  const type = types[header.type]
  if (type === undefined) {
    throw new ArchiveFault(`it holds a member of type ${JSON.stringify(header.type)}`)
  }
  // Before POSIX a slash at the end was all that told a directory.
  return type === 'file' && path.at(-1) === slash ? 'directory' : type
}

function attributesOf(records: PaxRecords): ArchiveEntry['attributes'] {
  const attributes: { name: Buffer; value: Buffer }[] = []
  for (const [keyword, value] of records) {
    const name = attributeOfKeyword(keyword)
    if (!name) continue
    if (name.length === 0 || name.length > 255 || name.includes(0)) {
      throw new ArchiveFault('an extended attribute has a name that is not allowed')
    }
    attributes.push({ name, value })
  }
  return attributes
}

/** An empty value takes a global one back. */
function textOf(records: PaxRecords, keyword: string): Buffer | undefined {
  const value = records.get(keyword)
  return value !== undefined && value.length > 0 ? value : undefined
}

function numberOf(records: PaxRecords, keyword: string): number | undefined {
  const value = textOf(records, keyword)
  return value && parsePaxNumber(value, keyword)
}

function idOf(value: number): number {
  if (value < 0 || value > idMax) throw new ArchiveFault('an owner or device is out of bounds')
  return value
}

function withoutEndSlash(path: Buffer): Buffer {
  let end = path.length
  while (end > 0 && path[end - 1] === slash) end -= 1
  return Buffer.from(path.subarray(0, end))
}
