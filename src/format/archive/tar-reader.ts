import { ArchiveFault, tarBlockBytes, type ArchiveEntry } from './archive-entry.ts'
import { decodeTarHeader, type TarHeader } from './decode-tar-header.ts'
import { paddingOf } from './encode-tar-header.ts'
import { readNumber } from './tar-numbers.ts'
import { composeEntry } from './compose-entry.ts'
import { decodePaxRecords, type PaxRecords } from './pax-records.ts'
import { SparseContent } from './sparse-content.ts'
import {
  checkSegments,
  readPaxSparse,
  readSegments,
  wrongMap,
  type PaxSparse,
  type SparseSegment,
} from './sparse-map.ts'
import { SparseMapText } from './sparse-map-text.ts'

/** Told of an archive's members in order. Views are good only during the call. */
export interface TarHandler {
  onEntry(entry: ArchiveEntry): void
  /** A piece of the content of the entry told last. */
  onData(bytes: Buffer): void
  /** So many zeros of that content, which the archive does not hold. */
  onHole(bytes: number): void
  /** The entry told last is complete. */
  onEntryEnd(): void
  /** A comment on the whole archive. */
  onComment(comment: Buffer): void
}

/** Bytes of a pax header or long name; honest ones hold at most some attributes of 64 KiB. */
const metaBytesMax = 4 * 1024 * 1024

type State = 'header' | 'places' | 'map' | 'meta' | 'data' | 'padding' | 'end'

/** Places of a sparse file in GNU's header, and in each block that goes on with them. */
const headerPlaces = { start: 386, count: 4, goesOnAt: 482, sizeAt: 483 } as const
const blockPlaces = { start: 0, count: 21, goesOnAt: 504 } as const
const placesMax = 200_000

/**
 * Takes a tar archive apart as its bytes come in: POSIX and GNU headers, pax headers, GNU's long names, large numbers and four forms of sparse files. Knows nothing of
 * what the names mean; whoever gets them has to judge them.
 *
 * Each call does all that can be done with what came, without a promise for each member.
 */
export class TarReader {
  readonly #handler: TarHandler
  readonly #block = Buffer.alloc(tarBlockBytes)
  #blockBytes = 0
  #state: State = 'header'
  #left = 0
  #padding = 0
  #meta: Buffer = Buffer.alloc(0)
  #metaType = ''
  #zeroBlocks = 0
  #global: PaxRecords = new Map()
  #local: PaxRecords = new Map()
  #longName: Buffer | undefined
  #longLink: Buffer | undefined
  /** Of a member whose places are still being read. */
  #sparse:
    | { readonly header: TarHeader; readonly realBytes: number; places: SparseSegment[] }
    | undefined
  #mapText: SparseMapText | undefined
  #realBytes = 0
  /** Of the member at hand, when it is sparse. */
  #content: SparseContent | undefined

  constructor(handler: TarHandler) {
    this.#handler = handler
  }

  /** @throws {ArchiveFault} */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) at += this.#take(bytes, at)
  }

  /** Does one step with the bytes from a place on. @returns how many were taken */
  #take(bytes: Buffer, at: number): number {
    if (this.#state === 'end') return bytes.length - at
    if (this.#state === 'data' && this.#content) return this.#takeSparse(this.#content, bytes, at)
    return this.#takePlain(bytes, at)
  }

  /** @throws {ArchiveFault} when the archive is not complete */
  finish(): void {
    if (this.#state === 'end' || (this.#zeroBlocks === 1 && this.#blockBytes === 0)) return
    throw new ArchiveFault('it ends in the middle: it was cut off')
  }

  #takeSparse(content: SparseContent, bytes: Buffer, at: number): number {
    const holeBytes = content.skipHole()
    if (holeBytes > 0) this.#handler.onHole(holeBytes)
    let taken = 0
    if (!content.isComplete) {
      taken = Math.min(content.segmentBytesLeft, bytes.length - at)
      this.#handler.onData(bytes.subarray(at, at + taken))
      content.advance(taken)
    }
    if (content.isComplete) this.#finishContent()
    return taken
  }

  #takePlain(bytes: Buffer, at: number): number {
    if (this.#state === 'header' || this.#state === 'places' || this.#state === 'map') {
      return this.#takeBlock(bytes, at)
    }
    if (this.#state === 'padding') {
      const taken = Math.min(this.#padding, bytes.length - at)
      this.#padding -= taken
      if (this.#padding === 0) this.#state = 'header'
      return taken
    }
    const taken = Math.min(this.#left, bytes.length - at)
    const piece = bytes.subarray(at, at + taken)
    if (this.#state === 'data') this.#handler.onData(piece)
    else this.#meta.set(piece, this.#meta.length - this.#left)
    this.#left -= taken
    if (this.#left === 0) this.#finishContent()
    return taken
  }

  #takeBlock(bytes: Buffer, at: number): number {
    const taken = Math.min(tarBlockBytes - this.#blockBytes, bytes.length - at)
    this.#block.set(bytes.subarray(at, at + taken), this.#blockBytes)
    this.#blockBytes += taken
    if (this.#blockBytes === tarBlockBytes) {
      this.#blockBytes = 0
      if (this.#state === 'header') this.#header()
      else if (this.#state === 'places') this.#morePlaces(blockPlaces)
      else this.#moreMap()
    }
    return taken
  }

  #header(): void {
    const header = decodeTarHeader(this.#block)
    if (header === null) {
      this.#zeroBlocks += 1
      if (this.#zeroBlocks === 2) this.#state = 'end'
      return
    }
    if (this.#zeroBlocks > 0) throw new ArchiveFault('something follows its end')
    if ('xgLK'.includes(header.type)) {
      this.#beginMeta(header)
      return
    }
    // A volume label is no member.
    if (header.type === 'V') {
      this.#forgetMeta()
      return
    }
    if (header.type === 'S') {
      const realBytes = readNumber(this.#block, headerPlaces.sizeAt, 12, 'size')
      this.#sparse = { header, realBytes, places: [] }
      this.#morePlaces(headerPlaces)
      return
    }
    const records = new Map([...this.#global, ...this.#local])
    const sparse = readPaxSparse(records)
    if (sparse?.name) records.set('path', sparse.name)
    this.#beginMember(header, records, sparse)
  }

  /** GNU's own form: places in the header, and in blocks behind it when it has not room for all. */
  #morePlaces({ start, count, goesOnAt }: typeof headerPlaces | typeof blockPlaces): void {
    const sparse = this.#sparse
    if (!sparse) throw new RangeError('There is no sparse member')
    sparse.places.push(...readSegments(this.#block, start, count))
    if (sparse.places.length > placesMax) throw wrongMap('it is too long')
    this.#state = 'places'
    if (this.#block[goesOnAt] !== 0) return
    this.#sparse = undefined
    const { header, realBytes, places } = sparse
    const records = new Map([...this.#global, ...this.#local])
    this.#beginMember({ ...header, type: '0' }, records, { realBytes, segments: places })
  }

  #beginMember(
    header: TarHeader,
    records: PaxRecords,
    sparse: Pick<PaxSparse, 'realBytes' | 'segments'> | undefined,
  ): void {
    const stored = composeEntry(header, {
      records,
      longName: this.#longName,
      longLink: this.#longLink,
    })
    this.#forgetMeta()
    if (sparse && stored.type !== 'file') throw wrongMap('it is not of a file')
    this.#handler.onEntry(sparse ? { ...stored, size: sparse.realBytes } : stored)
    this.#left = stored.size
    this.#padding = paddingOf(stored.size)
    if (sparse?.segments === null) {
      this.#mapText = new SparseMapText()
      this.#realBytes = sparse.realBytes
      this.#state = 'map'
      return
    }
    if (sparse) this.#beginSparse(sparse.segments, sparse.realBytes)
    else this.#beginData()
  }

  /** The newest form: the map takes the first blocks of the content. */
  #moreMap(): void {
    const segments = this.#mapText?.push(this.#block)
    this.#left -= tarBlockBytes
    if (this.#left < 0) throw wrongMap('it ends beyond the content')
    if (segments) this.#beginSparse(segments, this.#realBytes)
  }

  #beginSparse(segments: readonly SparseSegment[], realBytes: number): void {
    const checked = checkSegments(segments, { realBytes, storedBytes: this.#left })
    const content = new SparseContent(checked, realBytes)
    this.#state = 'data'
    if (content.isComplete) this.#finishContent()
    else this.#content = content
  }

  #beginData(): void {
    this.#state = 'data'
    if (this.#left === 0) this.#finishContent()
  }

  #forgetMeta(): void {
    this.#local = new Map()
    this.#longName = undefined
    this.#longLink = undefined
  }

  #beginMeta({ type, size }: TarHeader): void {
    if (size < 0 || size > metaBytesMax) {
      throw new ArchiveFault(`a header of type "${type}" has ${size} bytes`)
    }
    this.#meta = Buffer.alloc(size)
    this.#metaType = type
    this.#left = size
    this.#padding = paddingOf(size)
    this.#state = 'meta'
    if (size === 0) this.#finishContent()
  }

  #finishContent(): void {
    this.#content = undefined
    if (this.#state === 'data') this.#handler.onEntryEnd()
    else this.#takeMeta()
    this.#state = this.#padding > 0 ? 'padding' : 'header'
  }

  #takeMeta(): void {
    const body = this.#meta
    this.#meta = Buffer.alloc(0)
    if (this.#metaType === 'L') this.#longName = cutAtNul(body)
    else if (this.#metaType === 'K') this.#longLink = cutAtNul(body)
    else if (this.#metaType === 'x') {
      this.#local = new Map([...this.#local, ...decodePaxRecords(body)])
    } else this.#takeGlobal(decodePaxRecords(body))
  }

  #takeGlobal(records: PaxRecords): void {
    for (const keyword of records.keys()) {
      if (ofOneMember(keyword)) throw new ArchiveFault(`all members are given one "${keyword}"`)
    }
    const comment = records.get('comment')
    if (comment) this.#handler.onComment(comment)
    this.#global = new Map([...this.#global, ...records])
  }
}

function ofOneMember(keyword: string): boolean {
  return ['path', 'linkpath', 'size'].includes(keyword) || keyword.startsWith('GNU.sparse.')
}

function cutAtNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}
