import type { ArchiveEntry } from '../../format/archive/archive-entry.ts'
import type { EntryDraft } from '../../format/tree/entry-draft.ts'
import { composeFlags, flagHardLinked } from '../../format/tree/entry-flags.ts'
import {
  typeBlockDevice,
  typeCharacterDevice,
  typeDirectory,
  typeFifo,
  typeRegular,
  typeSymbolicLink,
} from '../../format/tree/entry-kind.ts'
import { encodeExtras } from '../../format/tree/extras.ts'
import { idBytes } from '../../model/ids.ts'

const slabBytes = 1024 * 1024
const fixedBytes = 48

const typeBits = {
  file: typeRegular,
  hardLink: typeRegular,
  directory: typeDirectory,
  symlink: typeSymbolicLink,
  fifo: typeFifo,
  characterDevice: typeCharacterDevice,
  blockDevice: typeBlockDevice,
} as const

/** What was stored of a file. */
export interface StoredContent {
  readonly ids: Buffer
  readonly lengths: Float64Array
  readonly count: number
  readonly depth: number
  readonly totalBytes: number
}

/**
 * What is known of the entries of an archive, until its end says where they belong: packed into a few large buffers, because an archive may hold a
 * million of them. A record is named by its position.
 */
export class EntryRecords {
  readonly #slabs: Buffer[] = []
  #used = slabBytes
  readonly #lengths = new Float64Array(1024)
  readonly #inodes = new Map<number, number>()

  /** @returns the position; a directory's content comes later */
  add(entry: ArchiveEntry, content: StoredContent | null): number {
    const { linkTarget, device, attributes } = entry
    const extras = encodeExtras({
      attributes,
      ...(entry.type === 'symlink' && linkTarget && { linkTarget }),
      ...(device && { device }),
    })
    const count = content?.count ?? 0
    const { slab, at, position } = this.#room(fixedBytes + count * (8 + idBytes) + extras.length)
    const mtimeHigh = Math.floor(entry.mtimeSeconds / 0x1_0000_0000)
    slab.writeUInt32LE(typeBits[entry.type] | entry.mode, at)
    slab.writeUInt32LE(entry.uid, at + 4)
    slab.writeUInt32LE(entry.gid, at + 8)
    slab.writeUInt32LE(entry.mtimeSeconds - mtimeHigh * 0x1_0000_0000, at + 12)
    slab.writeInt32LE(mtimeHigh, at + 16)
    slab.writeUInt32LE(entry.mtimeNs, at + 20)
    const linkBytes = entry.type === 'symlink' ? (linkTarget?.length ?? 0) : 0
    slab.writeDoubleLE(content?.totalBytes ?? linkBytes, at + 24)
    slab.writeUInt32LE(content?.depth ?? 0, at + 32)
    slab.writeUInt32LE(count, at + 36)
    slab.writeUInt32LE(extras.length, at + 40)
    let next = at + fixedBytes
    for (let item = 0; item < count; item++) {
      slab.writeDoubleLE(content?.lengths[item] ?? 0, next)
      next += 8
    }
    if (content) content.ids.copy(slab, next, 0, count * idBytes)
    extras.copy(slab, next + count * idBytes)
    return position
  }

  /** The entry has another name, too. */
  markLinked(position: number): void {
    if (!this.#inodes.has(position)) this.#inodes.set(position, this.#inodes.size + 1)
  }

  modeOf(position: number): number {
    const { slab, at } = this.#place(position)
    return slab.readUInt32LE(at)
  }

  sizeOf(position: number): number {
    const { slab, at } = this.#place(position)
    return slab.readDoubleLE(at + 24)
  }

  /** Fills everything but the name. What the draft points to is good until the next call. */
  fill(position: number, draft: EntryDraft): void {
    const { slab, at } = this.#place(position)
    draft.clear()
    draft.mode = slab.readUInt32LE(at)
    draft.uid = slab.readUInt32LE(at + 4)
    draft.gid = slab.readUInt32LE(at + 8)
    draft.mtimeLow = slab.readUInt32LE(at + 12)
    draft.mtimeHigh = slab.readInt32LE(at + 16)
    draft.mtimeNs = slab.readUInt32LE(at + 20)
    draft.size = slab.readDoubleLE(at + 24)
    const depth = slab.readUInt32LE(at + 32)
    const count = slab.readUInt32LE(at + 36)
    const extraBytes = slab.readUInt32LE(at + 40)
    const inode = this.#inodes.get(position)
    draft.flags = composeFlags(inode === undefined ? 0 : flagHardLinked, depth, 0)
    draft.inodeLow = inode ?? 0
    let next = at + fixedBytes
    for (let item = 0; item < count; item++) {
      this.#lengths[item] = slab.readDoubleLE(next)
      next += 8
    }
    draft.setContent(slab.subarray(next, next + count * idBytes), this.#lengths.subarray(0, count))
    next += count * idBytes
    draft.setExtras(slab.subarray(next, next + extraBytes))
  }

  #room(bytes: number): { slab: Buffer; at: number; position: number } {
    const isTooLong = bytes > slabBytes
    if (isTooLong || this.#used + bytes > slabBytes) {
      this.#slabs.push(Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes)))
      this.#used = 0
    }
    const at = this.#used
    const index = this.#slabs.length - 1
    this.#used = isTooLong ? slabBytes : at + bytes
    return { slab: this.#slabs[index], at, position: index * slabBytes + at }
  }

  #place(position: number): { slab: Buffer; at: number } {
    const index = Math.floor(position / slabBytes)
    return { slab: this.#slabs[index], at: position - index * slabBytes }
  }
}
