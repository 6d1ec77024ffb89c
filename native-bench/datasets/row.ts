/** One row of a data set's tables: a piece of work that every tool does in turn. */
export type Row =
  | BackupRow
  | BackupSeriesRow
  | RestoreRow
  | RestoreFileRow
  | VerifyRow
  | DeleteAndPruneRow

/** A backup of the live folder. */
export interface BackupRow {
  readonly kind: 'backup'
  readonly title: string
  /** Turns the live folder from the former row's state into this one's; nothing changes without. */
  apply?(liveFolder: string): void
}

/** Many backups, each after a change, whose costs are added up. */
export interface BackupSeriesRow {
  readonly kind: 'backup-series'
  readonly title: string
  /** Counted from 1, which is the backup before the series. */
  readonly lastGeneration: number
  /** Turns the live folder from the generation before into this one. */
  apply(liveFolder: string, generation: number): void
}

/** A restore of everything that a snapshot holds. */
export interface RestoreRow {
  readonly kind: 'restore'
  readonly title: string
  /** The first holds the pristine folder's state, the latest that of the live folder. */
  readonly snapshot: 'first' | 'latest'
}

/** A restore of one file out of the latest snapshot. */
export interface RestoreFileRow {
  readonly kind: 'restore-file'
  readonly title: string
  /** Relative to the folder that is backed up. */
  readonly path: string
}

/** A check of all data. */
export interface VerifyRow {
  readonly kind: 'verify'
  readonly title: string
}

/** Snapshots are removed and their space is freed. */
export interface DeleteAndPruneRow {
  readonly kind: 'delete-and-prune'
  readonly title: string
  /** Never the latest. */
  readonly victims: 'all-but-latest' | 'every-second'
}

/** Titles that several data sets share, or that the report looks for. */
export const titles = {
  firstBackup: 'first backup',
  nothingChanged: 'nothing changed',
  everythingTouched: 'everything touched, 1 % changed',
  vectorsInserted: '40 vectors of 3 KiB inserted, 4 MiB appended',
  appendedAndTouched: 'everything touched, 1 % changed, logs grown',
  nextVersion: 'next version',
  fullRestore: 'full restore',
  oneFileRestored: 'one file restored',
  verify: 'verify, all data',
  deleteAndPrune: 'delete + prune',
  halfPruned: 'every second one deleted + prune',
} as const

export const firstBackup: Row = { kind: 'backup', title: titles.firstBackup }
export const nothingChanged: Row = { kind: 'backup', title: titles.nothingChanged }
export const fullRestore: Row = { kind: 'restore', title: titles.fullRestore, snapshot: 'latest' }
export const verify: Row = { kind: 'verify', title: titles.verify }

/** What most data sets end with. */
export const closingRows: readonly Row[] = [
  fullRestore,
  verify,
  { kind: 'delete-and-prune', title: titles.deleteAndPrune, victims: 'all-but-latest' },
]
