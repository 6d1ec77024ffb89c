/* Shapes alone: the dashboard has them too, and nothing of Node is in its reach. */

/** How much is stored, and what it stands for. */
export interface StorageSummary {
  readonly stored_bytes: number
  readonly unique_bytes: number
  /** Of the files of all backups together. */
  readonly source_bytes: number
  /** Null while nothing is stored. */
  readonly dedup_ratio: number | null
  readonly compression_ratio: number | null
  readonly trend: readonly StoragePoint[]
}

/** What was stored at the end of a day. */
export interface StoragePoint {
  readonly date: string
  readonly stored_bytes: number
  /** Of the files of all backups that were there. */
  readonly source_bytes: number
}
