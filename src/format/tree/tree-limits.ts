/** Bounds of docs/FORMAT.md, sections 5.2, 9 and 10. Readers refuse what is beyond them before they allocate. */
export const pageHeaderBytes = 24
/** The header as 32-bit words. */
export const pageHeaderWords = 6
/** Columns of an entry, one word each. */
export const entryColumns = 17
export const entryFixedBytes = 68
/** Two length words and the id. */
export const referenceBytes = 40
export const pageEntryCountMax = 65_536
export const pageLevelMax = 8
/** Largest plaintext of a frame, so of a blob. */
export const blobBytesMax = 33_554_432

/** Place of a column in a page. */
export type EntryColumn = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16

export const column: {
  readonly mode: 0
  readonly uid: 1
  readonly gid: 2
  readonly flags: 3
  readonly sizeLow: 4
  readonly sizeHigh: 5
  readonly mtimeLow: 6
  readonly mtimeHigh: 7
  readonly mtimeNs: 8
  readonly ctimeLow: 9
  readonly ctimeHigh: 10
  readonly ctimeNs: 11
  readonly inodeLow: 12
  readonly inodeHigh: 13
  readonly chunkCount: 14
  readonly nameBytes: 15
  readonly extraBytes: 16
} = {
  mode: 0,
  uid: 1,
  gid: 2,
  flags: 3,
  sizeLow: 4,
  sizeHigh: 5,
  mtimeLow: 6,
  mtimeHigh: 7,
  mtimeNs: 8,
  ctimeLow: 9,
  ctimeHigh: 10,
  ctimeNs: 11,
  inodeLow: 12,
  inodeHigh: 13,
  chunkCount: 14,
  nameBytes: 15,
  extraBytes: 16,
}

/** How writers close pages: content decides, so that one new name moves one boundary at most. */
export const closingMask = 0x1ff
export const pageEntriesBeforeClosing = 128
export const pageEntriesWritten = 4_096
/** From this length on a page closes sooner: entries of many references would else end it by the length alone. */
export const longPageBytes = 524_288
export const longPageClosingMask = 0x1f
export const pageBytesWritten = 1_048_576

export const listHeaderBytes = 8
export const listItemCountMax = 65_536
export const listItemsBeforeClosing = 64
export const listItemsWritten = 4_096
/** A file with more references than this gets content lists. */
export const directReferencesMax = 512
export const contentDepthMax = 4
