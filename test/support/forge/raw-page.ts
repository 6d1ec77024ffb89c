/** One entry of a page as it shall be written, right or wrong. */
export interface RawEntry {
  /** Text is taken byte for byte (latin1). */
  readonly name: string | Uint8Array
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  readonly flags?: number
  /** Beyond 2^53 as a bigint. */
  readonly size?: number | bigint
  readonly mtime?: readonly [number | bigint, number]
  readonly ctime?: readonly [number | bigint, number]
  readonly inode?: number | bigint
  readonly references?: readonly RawReference[]
  readonly extra?: Uint8Array
  /** What the column says, where that is not the number of references. */
  readonly chunkCount?: number
  readonly nameBytes?: number
  readonly extraBytes?: number
}

export interface RawReference {
  readonly id: Uint8Array
  readonly bytes: number | bigint
}

export interface RawPage {
  readonly entries: readonly RawEntry[]
  readonly magic?: number
  readonly version?: number
  readonly level?: number
  readonly entryCount?: number
  readonly chunkCount?: number
  readonly nameBytes?: number
  readonly extraBytes?: number
  readonly reserved?: number
}

/**
 * Writes a tree page (docs/FORMAT.md, section 9) without any of the checks of the real writer: names in any order, lengths that do not
 * add up, flags that nobody knows.
 */
export function encodeRawPage(page: RawPage): Buffer {
  const { entries } = page
  const names = entries.map(({ name }) => nameBytesOf(name))
  const extras = entries.map(({ extra }) => Buffer.from(extra ?? []))
  const references = entries.flatMap((entry) => entry.references ?? [])
  const columns: number[][] = [
    entries.map(({ mode }) => mode),
    entries.map(({ uid }) => uid ?? 0),
    entries.map(({ gid }) => gid ?? 0),
    entries.map(({ flags }) => flags ?? 0),
    ...wordPairs(entries.map(({ size }) => size ?? 0)),
    ...wordPairs(entries.map(({ mtime }) => mtime?.[0] ?? 0)),
    entries.map(({ mtime }) => mtime?.[1] ?? 0),
    ...wordPairs(entries.map(({ ctime }) => ctime?.[0] ?? 0)),
    entries.map(({ ctime }) => ctime?.[1] ?? 0),
    ...wordPairs(entries.map(({ inode }) => inode ?? 0)),
    entries.map((entry) => entry.chunkCount ?? entry.references?.length ?? 0),
    entries.map((entry, index) => entry.nameBytes ?? names[index].length),
    entries.map((entry, index) => entry.extraBytes ?? extras[index].length),
    ...wordPairs(references.map(({ bytes }) => bytes)),
  ]
  const header = Buffer.alloc(24)
  header.writeUInt8(page.magic ?? 0x54, 0)
  header.writeUInt8(page.version ?? 1, 1)
  header.writeUInt8(page.level ?? 0, 2)
  header.writeUInt32LE(page.entryCount ?? entries.length, 4)
  header.writeUInt32LE(page.chunkCount ?? references.length, 8)
  header.writeUInt32LE(page.nameBytes ?? lengthOf(names), 12)
  header.writeUInt32LE(page.extraBytes ?? lengthOf(extras), 16)
  header.writeUInt32LE(page.reserved ?? 0, 20)
  return Buffer.concat([
    header,
    ...columns.map(wordsOf),
    ...references.map(({ id }) => id),
    ...names,
    ...extras,
  ])
}

export interface RawList {
  readonly items: readonly RawReference[]
  readonly level: number
  readonly magic?: number
  readonly count?: number
}

/** Writes a content list (docs/FORMAT.md, section 10) without checks. */
export function encodeRawList({ items, level, magic, count }: RawList): Buffer {
  const header = Buffer.from([magic ?? 0x4c, 1, level, 0, 0, 0, 0, 0])
  header.writeUInt32LE(count ?? items.length, 4)
  return Buffer.concat([
    header,
    ...wordPairs(items.map(({ bytes }) => bytes)).map(wordsOf),
    ...items.map(({ id }) => id),
  ])
}

/** A record of an entry's extras. */
export function extraRecord(tag: number, body: string | Uint8Array, lengthBytes?: number): Buffer {
  const bytes = Buffer.from(body as string)
  const header = Buffer.alloc(5)
  header.writeUInt8(tag, 0)
  header.writeUInt32LE(lengthBytes ?? bytes.length, 1)
  return Buffer.concat([header, bytes])
}

export function attributesRecord(
  attributes: readonly (readonly [string, string | Uint8Array])[],
): Buffer {
  const count = Buffer.alloc(2)
  count.writeUInt16LE(attributes.length)
  const parts = attributes.flatMap(([name, value]) => {
    const nameBytes = Buffer.from(name, 'latin1')
    const valueBytes = Buffer.from(value as string)
    const header = Buffer.alloc(6)
    header.writeUInt16LE(nameBytes.length, 0)
    header.writeUInt32LE(valueBytes.length, 2)
    return [header, nameBytes, valueBytes]
  })
  return extraRecord(3, Buffer.concat([count, ...parts]))
}

function nameBytesOf(name: string | Uint8Array): Buffer {
  return typeof name === 'string' ? Buffer.from(name, 'latin1') : Buffer.from(name)
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

function wordPairs(values: readonly (number | bigint)[]): [number[], number[]] {
  const wide = values.map((value) => BigInt.asUintN(64, BigInt(value)))
  return [
    wide.map((value) => Number(value & 0xffff_ffffn)),
    wide.map((value) => Number(value >> 32n)),
  ]
}

function wordsOf(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4)
  return bytes
}
