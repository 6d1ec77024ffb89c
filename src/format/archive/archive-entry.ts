import type { ExtendedAttribute } from '../tree/extras.ts'

export type ArchiveEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  /** Another name of an earlier member; `linkTarget` is that member's path. */
  | 'hardLink'
  | 'fifo'
  | 'characterDevice'
  | 'blockDevice'

/** What a tar archive says of one member before its content. Names are bytes. */
export interface ArchiveEntry {
  readonly type: ArchiveEntryType
  /** Relative to the archive's root, without a slash at its end. */
  readonly path: Buffer
  /** The twelve permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of content; 0 for everything but files. */
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  readonly linkTarget?: Buffer | undefined
  readonly device?: { readonly major: number; readonly minor: number } | undefined
  readonly attributes: readonly ExtendedAttribute[]
}

export const tarBlockBytes = 512
/** GNU tar and Python end an archive at a multiple of this. */
export const tarRecordBytes = 10_240

/** The bytes are not those of a whole archive, or of one that may be read: what was found, without a full stop. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault'
}
