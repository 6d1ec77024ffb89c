import {
  decodeContentList,
  isHoleId,
  sumReferences,
  type ContentReferences,
} from './content-list.ts'
import { depthOfFlags } from './entry-flags.ts'
import { refuseContent } from './tree-damage.ts'
import { contentDepthMax } from './tree-limits.ts'
import type { TreePage } from './tree-page.ts'

/** Gets the plaintext of a content list by its id; the id is a view and only good during the call. */
export type LoadContentList = (id: Buffer) => Buffer

export interface FileContentSource extends ContentReferences {
  /** Depth of content lists, 0 to 4. */
  readonly depth: number
  /** Size of the file in bytes, which the references must cover exactly. */
  readonly size: number
}

/** What of a content is gone through. */
export interface ContentPart {
  readonly seen?: Set<string> | undefined
  /** In bytes. */
  readonly start?: number
}

interface Level extends ContentReferences {
  readonly level: number
  next: number
}

/**
 * Goes through the chunks and holes of one file in order: call {@link next}, then look at the fields.
 *
 * Lists are loaded when they are reached; at most four are held. Every list has to cover exactly what its reference
 * says, so the work is bounded by the size of the file. It is a cursor instead of an iterator to allocate nothing
 * per chunk.
 */
export class ContentReader {
  /** The current reference's id is ids[idStart, idStart + 32). */
  ids: Buffer
  idStart = 0
  /** Bytes of the current chunk or hole. */
  bytes = 0
  isHole = false
  /** Where the current chunk or hole begins in the file. */
  offset = 0
  readonly #load: LoadContentList
  readonly #seen: Set<string> | undefined
  readonly #start: number
  readonly #levels: Level[]

  /**
   * @param part.start lists that end before it are passed over; what comes before it otherwise is not
   * @param part.seen lists that are passed over, and to which those that are read are added: who wants to know of each blob once must not go
   *   through a list as often as some file says
   * @throws {DamageError} when the depth is above 4 or the references do not cover `size` bytes.
   */
  constructor(
    source: FileContentSource,
    load: LoadContentList,
    { seen, start = 0 }: ContentPart = {},
  ) {
    const { depth, ids, lengths, size } = source
    if (depth > contentDepthMax) refuseContent(`its lists are ${depth} deep`)
    if (sumReferences(source, depth) !== size) refuseContent('its references do not add up')
    this.ids = ids
    this.#load = load
    this.#seen = seen
    this.#start = start
    this.#levels = [{ level: depth, ids, lengths, next: 0 }]
  }

  /** View of the current id. */
  get id(): Buffer {
    return this.ids.subarray(this.idStart, this.idStart + 32)
  }

  /**
   * Goes to the next chunk or hole; false when the file is complete.
   *
   * @throws {DamageError} when a list is damaged or does not cover what its reference says.
   */
  next(): boolean {
    this.offset += this.bytes
    this.bytes = 0
    for (;;) {
      const open = this.#levels.at(-1)
      if (open === undefined) return false
      if (open.next === open.lengths.length) {
        this.#levels.pop()
        continue
      }
      const item = open.next++
      const isHole = isHoleId(open.ids, item * 32)
      if (open.level > 0 && !isHole) {
        const isBefore = this.offset + open.lengths[item] <= this.#start
        if (isBefore || this.#isSeen(open, item)) this.offset += open.lengths[item]
        else this.#descend(open, item)
        continue
      }
      this.ids = open.ids
      this.idStart = item * 32
      this.bytes = open.lengths[item]
      this.isHole = isHole
      return true
    }
  }

  /** Under another level or length the same list is damage, which is for `#descend` to find. */
  #isSeen(above: Level, item: number): boolean {
    if (this.#seen === undefined) return false
    const id = above.ids.toString('latin1', item * 32, item * 32 + 32)
    const key = `${above.level} ${above.lengths[item]} ${id}`
    if (this.#seen.has(key)) return true
    this.#seen.add(key)
    return false
  }

  #descend(above: Level, item: number): void {
    const list = decodeContentList(this.#load(above.ids.subarray(item * 32, item * 32 + 32)))
    if (list.level !== above.level - 1) {
      refuseContent(`a list of level ${list.level} lies below level ${above.level}`)
    }
    if (list.totalBytes !== above.lengths[item]) {
      refuseContent(`a list covers ${list.totalBytes} bytes instead of ${above.lengths[item]}`)
    }
    this.#levels.push({ level: list.level, ids: list.ids, lengths: list.lengths, next: 0 })
  }
}

/** The content of a regular file in a checked page. */
export function readContent(
  page: TreePage,
  index: number,
  load: LoadContentList,
  part?: ContentPart,
): ContentReader {
  return new ContentReader(
    {
      depth: depthOfFlags(page.flags(index)),
      size: page.sizeOf(index),
      ids: page.chunkIdsOf(index),
      lengths: page.chunkBytesOf(index),
    },
    load,
    part,
  )
}
