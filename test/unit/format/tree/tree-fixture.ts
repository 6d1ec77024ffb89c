import { createHash } from 'node:crypto'
import { EntryDraft } from '../../../../src/format/tree/entry-draft.ts'
import { encodeExtras } from '../../../../src/format/tree/extras.ts'
import { column } from '../../../../src/format/tree/tree-limits.ts'
import type { TreePage } from '../../../../src/format/tree/tree-page.ts'

/** A row of docs/FORMAT.md, section 9, with every field free to be wrong. */
export interface RawEntry {
  mode: number
  uid: number
  gid: number
  flags: number
  size: bigint
  mtime: bigint
  mtimeNs: number
  ctime: bigint
  ctimeNs: number
  inode: bigint
  chunks: readonly (readonly [bytes: bigint, id: Uint8Array])[]
  name: Uint8Array
  extra: Uint8Array
}

export const someId: Buffer = Buffer.alloc(32, 0xab)

export function rawEntry(name: string | Uint8Array, fields: Partial<RawEntry> = {}): RawEntry {
  return {
    mode: 0o100644,
    uid: 0,
    gid: 0,
    flags: 0,
    size: 0n,
    mtime: 0n,
    mtimeNs: 0,
    ctime: 0n,
    ctimeNs: 0,
    inode: 0n,
    chunks: [],
    name: typeof name === 'string' ? Buffer.from(name) : name,
    extra: Buffer.alloc(0),
    ...fields,
  }
}

export function rawDirectory(name: string, fields: Partial<RawEntry> = {}): RawEntry {
  return rawEntry(name, { mode: 0o040755, chunks: [[24n, someId]], ...fields })
}

export function rawLink(name: string, target: string, fields: Partial<RawEntry> = {}): RawEntry {
  const linkTarget = Buffer.from(target)
  const extra = linkTarget.length === 0 ? Buffer.alloc(0) : encodeExtras({ linkTarget })
  return rawEntry(name, { mode: 0o120777, size: BigInt(linkTarget.length), extra, ...fields })
}

/** An entry of a page of a higher level. */
export function rawChild(name: string, entries: bigint, bytes: bigint, id: Uint8Array): RawEntry {
  return rawEntry(name, { mode: 0, size: entries, chunks: [[bytes, id]] })
}

/** A second encoder, written field by field after docs/FORMAT.md; it does not mind what the entries say. */
export function encodeRawPage(entries: readonly RawEntry[], level = 0): Buffer {
  const chunks = entries.flatMap((entry) => entry.chunks)
  const names = Buffer.concat(entries.map((entry) => entry.name))
  const extras = Buffer.concat(entries.map((entry) => entry.extra))
  const header = Buffer.alloc(24)
  header.set([0x54, 1, level, 0])
  header.writeUInt32LE(entries.length, 4)
  header.writeUInt32LE(chunks.length, 8)
  header.writeUInt32LE(names.length, 12)
  header.writeUInt32LE(extras.length, 16)
  const columns: ((entry: RawEntry) => bigint)[] = [
    (entry) => BigInt(entry.mode),
    (entry) => BigInt(entry.uid),
    (entry) => BigInt(entry.gid),
    (entry) => BigInt(entry.flags),
    (entry) => entry.size,
    (entry) => entry.size >> 32n,
    (entry) => entry.mtime,
    (entry) => entry.mtime >> 32n,
    (entry) => BigInt(entry.mtimeNs),
    (entry) => entry.ctime,
    (entry) => entry.ctime >> 32n,
    (entry) => BigInt(entry.ctimeNs),
    (entry) => entry.inode,
    (entry) => entry.inode >> 32n,
    (entry) => BigInt(entry.chunks.length),
    (entry) => BigInt(entry.name.length),
    (entry) => BigInt(entry.extra.length),
  ]
  return Buffer.concat([
    header,
    ...columns.map((valueOf) => words(entries.map(valueOf))),
    words(chunks.map(([bytes]) => bytes)),
    words(chunks.map(([bytes]) => bytes >> 32n)),
    ...chunks.map(([, id]) => id),
    names,
    extras,
  ])
}

/** A second encoder for content lists. */
export function encodeRawList(
  items: readonly (readonly [bytes: bigint, id: Uint8Array])[],
  level = 0,
): Buffer {
  const header = Buffer.alloc(8)
  header.set([0x4c, 1, level, 0])
  header.writeUInt32LE(items.length, 4)
  return Buffer.concat([
    header,
    words(items.map(([bytes]) => bytes)),
    words(items.map(([bytes]) => bytes >> 32n)),
    ...items.map(([, id]) => id),
  ])
}

function words(values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) =>
    bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)), 4 * index),
  )
  return bytes
}

/** Fills a draft from a row. */
export function fillDraft(draft: EntryDraft, entry: RawEntry): EntryDraft {
  draft.clear()
  draft.mode = entry.mode
  draft.uid = entry.uid
  draft.gid = entry.gid
  draft.flags = entry.flags
  draft.size = Number(entry.size)
  draft.mtimeLow = Number(BigInt.asUintN(32, entry.mtime))
  draft.mtimeHigh = Number(entry.mtime >> 32n)
  draft.mtimeNs = entry.mtimeNs
  draft.ctimeLow = Number(BigInt.asUintN(32, entry.ctime))
  draft.ctimeHigh = Number(entry.ctime >> 32n)
  draft.ctimeNs = entry.ctimeNs
  draft.inodeLow = Number(BigInt.asUintN(32, entry.inode))
  draft.inodeHigh = Number(entry.inode >> 32n)
  draft.setName(entry.name)
  draft.setExtras(entry.extra)
  const lengths = Float64Array.from(entry.chunks, ([bytes]) => Number(bytes))
  draft.setContent(Buffer.concat(entry.chunks.map(([, id]) => id)), lengths)
  return draft
}

/** What a page says about an entry, read through its public face. */
export function readEntry(page: TreePage, index: number): RawEntry {
  const lengths = page.chunkBytesOf(index)
  const first = page.chunkOffsets[index]
  return {
    mode: page.mode(index),
    uid: page.uid(index),
    gid: page.gid(index),
    flags: page.flags(index),
    size: BigInt(page.sizeOf(index)),
    mtime: signed(page.word(column.mtimeLow, index), page.word(column.mtimeHigh, index)),
    mtimeNs: page.mtimeNs(index),
    ctime: signed(page.word(column.ctimeLow, index), page.word(column.ctimeHigh, index)),
    ctimeNs: page.ctimeNs(index),
    inode: (BigInt(page.inodeHigh(index)) << 32n) | BigInt(page.inodeLow(index)),
    chunks: Array.from(lengths, (bytes, item) => [
      BigInt(bytes),
      Buffer.from(page.chunkId(first + item)),
    ]),
    name: Buffer.from(page.name(index)),
    extra: Buffer.from(page.extra(index)),
  }
}

function signed(low: number, high: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low))
}

/** Tree blobs in memory, named by their hash. */
export class MemoryBlobs {
  readonly blobs: Map<string, Buffer> = new Map()
  /** Hands out the same buffer every time, as a hash function with a reused result does. */
  readonly #id = Buffer.alloc(32)

  readonly store = (bytes: Buffer): Buffer => {
    this.#id.set(createHash('sha256').update(bytes).digest())
    this.blobs.set(this.#id.toString('hex'), Buffer.from(bytes))
    return this.#id
  }

  readonly load = (id: Buffer): Buffer => {
    const bytes = this.blobs.get(id.toString('hex'))
    if (bytes === undefined) throw new RangeError(`No blob ${id.toString('hex')}`)
    return bytes
  }

  /** How many blobs of `other` this has not. */
  missingFrom(other: MemoryBlobs): number {
    let missing = 0
    for (const id of other.blobs.keys()) if (!this.blobs.has(id)) missing += 1
    return missing
  }
}

/** Numbers below 2^32 that are the same in every run (Steele and Vigna's splitmix, 32 bit). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let value = state
    value = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97)
    return (value ^ (value >>> 15)) >>> 0
  }
}
