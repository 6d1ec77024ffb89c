import { closeUnwritten } from './close-unwritten.ts'
import { fileStatus } from './file-status.ts'
import type { FileStatus } from './stat-record.ts'

/** The status of what was just opened; the descriptor is closed when even that cannot be had. */
export function openedStatus(fd: number): FileStatus {
  try {
    return fileStatus(fd)
  } catch (error) {
    closeUnwritten(fd)
    throw error
  }
}
