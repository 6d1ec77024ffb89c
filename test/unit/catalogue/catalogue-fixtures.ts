import { createHash } from 'node:crypto'

import type { IndexedPack } from '../../../src/catalogue/blob-location.ts'
import type { NewTreePage } from '../../../src/catalogue/tree-table.ts'
import { toObjectId } from '../../../src/model/ids.ts'
import type { ObjectId } from '../../../src/model/ids.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'

/** 32 bytes that follow from the text. */
export function idOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

export function objectIdOf(text: string): ObjectId {
  return toObjectId(idOf(text).toString('hex'))
}

export interface BlobDraft {
  readonly id: Buffer
  readonly length: number
}

export interface SegmentDraft {
  readonly kind: 0 | 1
  readonly blobs: readonly BlobDraft[]
}

/**
 * A pack as the decoder of index objects gives it; payloads are as long as the plaintext and lie
 * behind a header of 64 bytes.
 */
export function packOf(name: string, segments: readonly SegmentDraft[]): IndexedPack {
  const plainBytes = segments.map(({ blobs }) => blobs.reduce((sum, { length }) => sum + length, 0))
  const offsets: number[] = []
  let offset = 64
  for (const bytes of plainBytes) {
    offsets.push(offset)
    offset += bytes + 16
  }
  const blobs = segments.flatMap((segment) => segment.blobs)
  return {
    packId: objectIdOf(`pack ${name}`),
    salt: idOf(`salt ${name}`),
    packBytes: offset + 100,
    trailer: {
      payloadBytes: Uint32Array.from(plainBytes),
      plainBytes: Uint32Array.from(plainBytes),
      blobCounts: Uint32Array.from(segments, (segment) => segment.blobs.length),
      codecs: Uint8Array.from(segments, (_, index) => index % 2),
      kinds: Uint8Array.from(segments, ({ kind }) => kind),
      offsets: Float64Array.from(offsets),
      blobLengths: Uint32Array.from(blobs, ({ length }) => length),
      ids: Buffer.concat(blobs.map(({ id }) => id)),
    },
  }
}

/** A pack of data blobs `<name> 0`, `<name> 1`, … with lengths 1, 2, …, ten to a segment. */
export function dataPack(name: string, blobCount: number): IndexedPack {
  const segments: SegmentDraft[] = []
  for (let first = 0; first < blobCount; first += 10) {
    const count = Math.min(10, blobCount - first)
    const blobs = Array.from({ length: count }, (_, index) => ({
      id: idOf(`${name} ${first + index}`),
      length: first + index + 1,
    }))
    segments.push({ kind: 0, blobs })
  }
  return packOf(name, segments)
}

export interface EntryDraft {
  readonly name: string | Buffer
  readonly mode?: number
  readonly children?: readonly Buffer[]
}

/** A page as columns, in the shape that the decoder of tree pages gives. */
export function pageOf(id: string, entries: readonly EntryDraft[], level: number = 0): NewTreePage {
  const names = entries.map(({ name }) => Buffer.from(name))
  const ids = entries.flatMap(({ children }) => children ?? [])
  const nameOffsets = new Uint32Array(entries.length + 1)
  const chunkOffsets = new Uint32Array(entries.length + 1)
  // Two words of length for each reference stand before the ids.
  const idsStart = 8 + 8 * ids.length
  nameOffsets[0] = idsStart + 32 * ids.length
  for (const [index, name] of names.entries()) {
    nameOffsets[index + 1] = nameOffsets[index] + name.length
    chunkOffsets[index + 1] = chunkOffsets[index] + (entries[index].children?.length ?? 0)
  }
  return {
    id: idOf(id),
    page: {
      bytes: Buffer.concat([Buffer.alloc(idsStart), ...ids, ...names]),
      level,
      entryCount: entries.length,
      nameOffsets,
      chunkOffsets,
      chunkIdsStart: idsStart,
      mode: (index) => entries[index].mode ?? 0o100644,
    },
    content: Buffer.from(`content of ${id}`),
  }
}

export function snapshotOf(name: string, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    id: objectIdOf(`snapshot ${name}`),
    version: 1,
    backupId: `backup_${name}`,
    type: 'full',
    startedAtMs: 1_700_000_000_000,
    endedAtMs: 1_700_000_001_000,
    hostname: 'alpha',
    username: 'operator',
    base: '/',
    paths: ['/data'],
    tree: { id: objectIdOf(`tree ${name}`), bytes: 100 },
    recordedAtMs: null,
    leaseId: null,
    knownDamage: [],
    parentId: null,
    description: '',
    tags: [],
    excludes: [],
    statistics: {
      files: 1,
      directories: 2,
      others: 3,
      bytes: 4,
      newFiles: 5,
      changedFiles: 6,
      unchangedFiles: 7,
      dataBlobsAdded: 8,
      dataBytesAdded: 9,
      treeBlobsAdded: 10,
      treeBytesAdded: 11,
      storedBytesAdded: 12,
      unreadable: 13,
    },
    unreadable: [],
    program: 'holdfast test',
    ...changes,
  }
}
