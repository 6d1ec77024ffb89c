import { READ_REQUEST_BYTES, READ_REQUEST_OFFSET } from '../../filesystem/posix/small-file-batch.ts'
import { STAT_RECORD_BYTES } from '../../filesystem/posix/stat-record.ts'
import { idBytes } from '../../model/ids.ts'

/**
 * Files for a worker to read: packed requests (small-file-batch.ts) and the bytes of their names.
 *
 * One message carries hundreds of files, because a hop between threads costs about as much as reading three of them.
 */
export interface ReadBatch {
  readonly count: number
  readonly requests: Uint8Array<ArrayBuffer>
  readonly names: Uint8Array<ArrayBuffer>
  /** What the files held in a parent snapshot that is trusted; null when nothing is known of any. */
  readonly former: FormerIds | null
}

/** Ids of the former contents of a batch's files, 32 bytes each, file after file. */
export interface FormerIds {
  readonly ids: Uint8Array<ArrayBuffer>
  /** Where each file's ids end, in bytes. */
  readonly ends: Uint32Array<ArrayBuffer>
}

const noIds = new Uint8Array(0)

/** Files from here on are read by all threads in turn, each such file in a batch of its own. In bytes. */
export const relayedFileBytesMin: number = 64 * 1024 * 1024

const filesMax = 512
/** Enough for the disk and both cores to be busy, small enough for many batches in a backup of a few large files. */
const bytesMax = 8 * 1024 * 1024

/** Collects the files of a batch until it is full. */
export class ReadBatchBuilder {
  #requests = new Uint8Array(filesMax * READ_REQUEST_BYTES)
  #view = new DataView(this.#requests.buffer)
  #names = new Uint8Array(16 * 1024)
  #nameBytes = 0
  #count = 0
  #expectedBytes = 0
  #formerIds = noIds
  #formerEnds = new Uint32Array(filesMax)
  #formerBytes = 0

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= filesMax || this.#expectedBytes >= bytesMax
  }

  /** @param formerIds of the direct references that the file had in a trusted snapshot, 32 bytes each */
  add(
    directory: number,
    name: Uint8Array,
    expectedBytes: number,
    formerIds: Uint8Array = noIds,
  ): void {
    if (this.#nameBytes + name.length > this.#names.length) this.#growNames(name.length)
    this.#names.set(name, this.#nameBytes)
    const at = this.#count * READ_REQUEST_BYTES
    this.#view.setInt32(at + READ_REQUEST_OFFSET.directory, directory, true)
    this.#view.setUint32(at + READ_REQUEST_OFFSET.nameOffset, this.#nameBytes, true)
    this.#view.setUint32(at + READ_REQUEST_OFFSET.nameBytes, name.length, true)
    this.#view.setUint32(
      at + READ_REQUEST_OFFSET.expectedBytes,
      Math.min(expectedBytes, 0xffff_ffff),
      true,
    )
    this.#nameBytes += name.length
    this.#expectedBytes += expectedBytes
    this.#addFormer(formerIds)
    this.#count += 1
  }

  #addFormer(ids: Uint8Array): void {
    const end = this.#formerBytes + ids.length
    if (end > this.#formerIds.length) {
      const grown = new Uint8Array(Math.max(32 * 1024, this.#formerIds.length * 2, end))
      grown.set(this.#formerIds.subarray(0, this.#formerBytes))
      this.#formerIds = grown
    }
    this.#formerIds.set(ids, this.#formerBytes)
    this.#formerBytes = end
    this.#formerEnds[this.#count] = end
  }

  /** Hands over what was collected and starts anew. */
  take(): ReadBatch {
    const batch = {
      count: this.#count,
      requests: this.#requests.slice(0, this.#count * READ_REQUEST_BYTES),
      names: this.#names.slice(0, this.#nameBytes),
      former:
        this.#formerBytes === 0
          ? null
          : {
              ids: this.#formerIds.slice(0, this.#formerBytes),
              ends: this.#formerEnds.slice(0, this.#count),
            },
    }
    this.#count = 0
    this.#nameBytes = 0
    this.#expectedBytes = 0
    this.#formerBytes = 0
    return batch
  }

  #growNames(moreBytes: number): void {
    const grown = new Uint8Array(Math.max(this.#names.length * 2, this.#nameBytes + moreBytes))
    grown.set(this.#names)
    this.#names = grown
  }
}

/** Descriptor of the directory of a file of the batch. */
export function directoryOf(batch: ReadBatch, file: number): number {
  return requestField(batch, file, READ_REQUEST_OFFSET.directory) | 0
}

export function nameOf(batch: ReadBatch, file: number): Uint8Array {
  const start = requestField(batch, file, READ_REQUEST_OFFSET.nameOffset)
  const bytes = requestField(batch, file, READ_REQUEST_OFFSET.nameBytes)
  return batch.names.subarray(start, start + bytes)
}

/** The size that the walk saw, up to 2^32 - 1. */
export function expectedBytesOf(batch: ReadBatch, file: number): number {
  return requestField(batch, file, READ_REQUEST_OFFSET.expectedBytes)
}

/** What a file held in the parent; empty when nothing is known of it. */
export function formerIdsOf({ former }: ReadBatch, file: number): Uint8Array {
  if (!former) return noIds
  return former.ids.subarray(file > 0 ? former.ends[file - 1] : 0, former.ends[file])
}

function requestField({ requests }: ReadBatch, file: number, field: number): number {
  const view = new DataView(requests.buffer, requests.byteOffset, requests.byteLength)
  return view.getUint32(file * READ_REQUEST_BYTES + field, true)
}

/** The buffers of a batch, which go to a worker without a copy. */
export function buffersOf({ requests, names, former }: ReadBatch): ArrayBuffer[] {
  const buffers = [requests.buffer, names.buffer]
  if (former) buffers.push(former.ids.buffer, former.ends.buffer)
  return buffers
}

/** What became of a file. */
export const fileOutcome = { stored: 0, failed: 1, vanished: 2 } as const

/**
 * Offsets in the result of one file, all `u32`. Behind the fixed part follow the lengths of the references (`f64` each), their ids and the
 * extras, padded to eight bytes so that the lengths of the next file can be looked at as a `Float64Array`.
 */
export const FILE_RESULT = {
  outcome: 0,
  /** Entry flags of docs/FORMAT.md, section 9, without the device. */
  entryFlags: 4,
  /** errno when the file could not be read. */
  errno: 8,
  referenceCount: 12,
  extraBytes: 16,
  /** Length of this result in bytes. */
  totalBytes: 20,
  /** A status record of 96 bytes (stat-record.ts), taken after reading. */
  status: 24,
  references: 120,
} as const

/** The results of a batch, in the order of its files. */
export class FileResultBuilder {
  #bytes = Buffer.allocUnsafe(256 * 1024)
  #used = 0

  /**
   * @param status buffer and offset of the file's status record
   * @param lengths of the references, `ids` 32 bytes for each
   */
  add(
    result: { outcome: number; entryFlags: number; errno: number },
    status: { bytes: Uint8Array; offset: number },
    content: { count: number; lengths: Float64Array; ids: Buffer },
    extra: Uint8Array | null,
  ): void {
    const { count } = content
    const extraBytes = extra?.length ?? 0
    const total = (FILE_RESULT.references + count * (8 + idBytes) + extraBytes + 7) & ~7
    if (this.#used + total > this.#bytes.length) this.#grow(total)
    const bytes = this.#bytes
    const at = this.#used
    bytes.writeUInt32LE(result.outcome, at + FILE_RESULT.outcome)
    bytes.writeUInt32LE(result.entryFlags, at + FILE_RESULT.entryFlags)
    bytes.writeUInt32LE(result.errno, at + FILE_RESULT.errno)
    bytes.writeUInt32LE(count, at + FILE_RESULT.referenceCount)
    bytes.writeUInt32LE(extraBytes, at + FILE_RESULT.extraBytes)
    bytes.writeUInt32LE(total, at + FILE_RESULT.totalBytes)
    bytes.set(
      status.bytes.subarray(status.offset, status.offset + STAT_RECORD_BYTES),
      at + FILE_RESULT.status,
    )
    const to = at + FILE_RESULT.references
    for (let item = 0; item < count; item++)
      bytes.writeDoubleLE(content.lengths[item], to + item * 8)
    content.ids.copy(bytes, to + count * 8, 0, count * idBytes)
    if (extra) bytes.set(extra, to + count * (8 + idBytes))
    this.#used += total
  }

  take(): Buffer<ArrayBuffer> {
    const taken = Buffer.from(new Uint8Array(this.#bytes.subarray(0, this.#used)).buffer)
    this.#used = 0
    return taken
  }

  #grow(moreBytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + moreBytes))
    this.#bytes.copy(grown, 0, 0, this.#used)
    this.#bytes = grown
  }
}
