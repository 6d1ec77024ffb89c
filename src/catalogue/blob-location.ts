import type { PackId } from '../model/ids.ts'

/** All packs together. */
export interface PackTotals {
  readonly packs: number
  readonly storedBytes: number
  /** A blob in two packs counts twice. */
  readonly blobs: number
  /** Plaintext bytes of the blobs. */
  readonly uniqueBytes: number
}

/** A pack that some index object names. */
export interface PackRow {
  /** Number in this catalogue, never used again for another pack; differs after a rebuild. */
  readonly row: number
  readonly id: PackId
  /** 32 bytes of the pack's header. */
  readonly salt: Buffer
  readonly bytes: number
}

/**
 * What is needed to read one blob: its pack, the segment in it, and the place in the segment's
 * plaintext.
 */
export interface BlobLocation {
  readonly pack: PackRow
  readonly segment: number
  /** Where the segment's payload begins in the pack. */
  readonly segmentOffset: number
  readonly payloadBytes: number
  readonly plainBytes: number
  /** 0 stored, 1 zstd. */
  readonly codec: number
  /** 0 data, 1 tree. */
  readonly kind: number
  /** Place and length in the segment's plaintext. */
  readonly offset: number
  readonly length: number
}

/**
 * Locations of many blobs as columns; the n-th value belongs to the n-th id. `packs[n]` is 0 when
 * the blob is not known.
 */
export interface BlobLocations {
  readonly found: number
  /** Row numbers of packs, for `BlobTable.pack`. */
  readonly packs: Uint32Array
  readonly segments: Uint32Array
  readonly segmentOffsets: Uint32Array
  readonly payloadBytes: Uint32Array
  readonly plainBytes: Uint32Array
  readonly codecs: Uint8Array
  readonly kinds: Uint8Array
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
}

/** Of many blobs, what tells whether a reference is right; as in {@link BlobLocations}. */
export type BlobPlaces = Pick<BlobLocations, 'packs' | 'segments' | 'kinds' | 'lengths'>

/** One segment of a pack. */
export interface SegmentRow {
  readonly number: number
  readonly offset: number
  readonly payloadBytes: number
  readonly plainBytes: number
  readonly codec: number
  readonly kind: number
}

/** What an index object says of one pack, as `decodePackTrailer` gives it. */
export interface PackContents {
  readonly payloadBytes: ArrayLike<number>
  readonly plainBytes: ArrayLike<number>
  readonly blobCounts: ArrayLike<number>
  readonly codecs: ArrayLike<number>
  readonly kinds: ArrayLike<number>
  /** Where each segment's payload begins in the pack. */
  readonly offsets: ArrayLike<number>
  readonly blobLengths: ArrayLike<number>
  /** 32 bytes of each blob, segment by segment in order. */
  readonly ids: Uint8Array
}

export interface IndexedPack {
  readonly packId: PackId
  readonly salt: Uint8Array
  readonly packBytes: number
  readonly trailer: PackContents
}
