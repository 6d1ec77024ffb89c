import { posix } from './posix.ts'
import { createStatRecords, readStatus } from './stat-record.ts'
import type { FileStatus } from './stat-record.ts'

/** The status of an open file, decoded; for places where one object per file does not matter. */
export function fileStatus(fd: number): FileStatus {
  const record = createStatRecords(1)
  posix.fstat(fd, record.bytes)
  return readStatus(record.view, 0)
}

/** The `code` of an error of the system, 'UNKNOWN' when it has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}
