import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { AT_FDCWD, posix } from '../../src/filesystem/posix/posix.ts'
import { createStatRecords, FILE_TYPE, readStatus } from '../../src/filesystem/posix/stat-record.ts'

/** All of an entry that a backup has to keep, as text that can be compared. */
export interface ScannedEntry {
  readonly type: string
  /** Permission bits in octal. */
  readonly mode: string
  readonly owner: string
  readonly mtime: string
  /** Size and hash of a file, target of a link, numbers of a device. */
  readonly content: string
  readonly xattrs: string
  /** Paths of the same file, when it has several in the tree. */
  readonly links: string
  /** Data ranges of a file that has holes. */
  readonly ranges: string
}

/** By path from the root, bytes as latin1 text, without a leading slash. */
export type ScannedTree = Map<string, ScannedEntry>

const typeNames: Readonly<Record<number, string>> = {
  [FILE_TYPE.socket]: 'socket',
  [FILE_TYPE.symlink]: 'symlink',
  [FILE_TYPE.regular]: 'file',
  [FILE_TYPE.blockDevice]: 'block device',
  [FILE_TYPE.directory]: 'directory',
  [FILE_TYPE.characterDevice]: 'character device',
  [FILE_TYPE.fifo]: 'fifo',
}

interface Scanning {
  readonly entries: Map<string, Omit<ScannedEntry, 'links'> & { inode: string }>
  readonly byInode: Map<string, string[]>
}

/** Reads a whole tree through descriptors, so paths may be longer than 4,096 bytes. */
export function scanTree(root: string): ScannedTree {
  const scanning: Scanning = { entries: new Map(), byInode: new Map() }
  const fd = posix.openDirectory(AT_FDCWD, Buffer.from(root))
  scanDirectory(fd, '', scanning)
  posix.close(fd)
  const tree: ScannedTree = new Map()
  for (const [path, { inode, ...entry }] of scanning.entries) {
    const names = entry.type === 'directory' ? [] : (scanning.byInode.get(inode) ?? [])
    tree.set(path, { ...entry, links: names.length > 1 ? names.sort().join(' = ') : '' })
  }
  return tree
}

function scanDirectory(fd: number, prefix: string, scanning: Scanning): void {
  const { names } = posix.listDirectory(fd)
  const record = createStatRecords(1)
  for (let at = 0; at < names.length;) {
    const length = names.readUInt16LE(at)
    const name = Buffer.from(names.subarray(at + 2, at + 2 + length))
    at += 2 + length
    const path = prefix + name.toString('latin1')
    posix.statAt(fd, name, record.bytes)
    const status = readStatus(record.view, 0)
    const type = typeNames[status.mode & FILE_TYPE.mask] ?? 'unknown'
    const inode = `${status.devMajor}:${status.devMinor}:${status.inoHigh}:${status.inoLow}`
    const paths = scanning.byInode.get(inode) ?? []
    scanning.byInode.set(inode, [...paths, path])
    scanning.entries.set(path, {
      type,
      mode: (status.mode & 0o7777).toString(8),
      owner: `${status.uid}:${status.gid}`,
      mtime: `${status.mtimeSec}.${String(status.mtimeNsec).padStart(9, '0')}`,
      content: contentOf(fd, name, type, status),
      xattrs: posix
        .getXattrsAt(fd, name)
        .map(({ name: key, value }) => `${key.toString('latin1')}=${value.toString('hex')}`)
        .sort()
        .join(' '),
      ranges: type === 'file' ? rangesOf(fd, name, status.sizeBytes) : '',
      inode,
    })
    if (type !== 'directory') continue
    const child = posix.openDirectory(fd, name)
    scanDirectory(child, `${path}/`, scanning)
    posix.close(child)
  }
}

function contentOf(
  fd: number,
  name: Buffer,
  type: string,
  status: { sizeBytes: number; rdevMajor: number; rdevMinor: number },
): string {
  switch (type) {
    case 'file':
      return `${status.sizeBytes} bytes ${hashFile(fd, name)}`
    case 'symlink':
      return posix.readlinkAt(fd, name).toString('latin1')
    case 'block device':
    case 'character device':
      return `${status.rdevMajor}:${status.rdevMinor}`
    default:
      return ''
  }
}

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NOATIME
const window = Buffer.allocUnsafeSlow(1024 * 1024)

/** Longer holes count as what they are instead of as zeros, so that files of gigabytes take no time. */
const holeBytesMax = 8 * 1024 * 1024

function hashFile(fd: number, name: Buffer): string {
  const hash = createHash('sha256')
  const descriptor = posix.openFile(fd, name, readFlags)
  for (let at = 0; ;) {
    const data = posix.seekData(descriptor, at)
    if (data - at > holeBytesMax) {
      hash.update(`${data - at} zeros`)
      at = data
    }
    const got = posix.read(descriptor, window, 0, window.length, at)
    hash.update(window.subarray(0, got))
    at += got
    if (got < window.length) break
  }
  posix.close(descriptor)
  return hash.digest('hex').slice(0, 32)
}

/** Below this size a hole saves nothing, and files are saved as if they had none. */
const sparseBytesMin = 64 * 1024

/** Empty for a file without holes. */
function rangesOf(fd: number, name: Buffer, sizeBytes: number): string {
  if (sizeBytes < sparseBytesMin) return ''
  const descriptor = posix.openFile(fd, name, readFlags)
  const ranges: string[] = []
  for (let at = 0; at < sizeBytes;) {
    const start = posix.seekData(descriptor, at)
    if (start < 0) break
    at = posix.seekHole(descriptor, start)
    ranges.push(`${start}-${at}`)
  }
  posix.close(descriptor)
  return ranges.length === 1 && ranges[0] === `0-${sizeBytes}` ? '' : ranges.join(' ')
}

/** What differs, one line each; `fields` narrows what is compared. */
export function treeDifferences(
  expected: ScannedTree,
  actual: ScannedTree,
  ignored: readonly (keyof ScannedEntry)[] = [],
): string[] {
  const lines: string[] = []
  for (const [path, entry] of expected) {
    const other = actual.get(path)
    if (!other) {
      lines.push(`${path}: missing`)
      continue
    }
    for (const field of Object.keys(entry) as (keyof ScannedEntry)[]) {
      if (entry[field] === other[field] || ignored.includes(field)) continue
      lines.push(`${path}: ${field}: ${entry[field]} became ${other[field]}`)
    }
  }
  for (const path of actual.keys()) if (!expected.has(path)) lines.push(`${path}: not expected`)
  return lines.map((line) => (line.length > 300 ? `${line.slice(0, 300)}...` : line))
}
