/** Running totals of a walk. */
export interface WalkCounts {
  files: number
  directories: number
  others: number
  /** Size of the regular files, in bytes. */
  bytes: number
  /** Bytes that are settled: read and stored, or known to be unchanged. */
  bytesDone: number
  newFiles: number
  changedFiles: number
  unchangedFiles: number
  unreadable: number
}

export function newWalkCounts(): WalkCounts {
  return {
    files: 0,
    directories: 0,
    others: 0,
    bytes: 0,
    bytesDone: 0,
    newFiles: 0,
    changedFiles: 0,
    unchangedFiles: 0,
    unreadable: 0,
  }
}
