import type { ErrorCode } from '../foundation/errors.ts'

/** What a process ends with; equal to restic's numbers where restic has one. */
export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Done, but some sources were unreadable. */
  incomplete: 3,
  noRepository: 10,
  locked: 11,
  wrongPassphrase: 12,
  damaged: 20,
  storageUnreachable: 21,
  interrupted: 130,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/** docs/ERRORS.md gives the same table with the reasons. */
const statusByCode: Readonly<Record<ErrorCode, ExitStatus>> = {
  USAGE: exitStatus.usage,
  CONFIG_INVALID: exitStatus.usage,
  REPOSITORY_NOT_FOUND: exitStatus.noRepository,
  REPOSITORY_EXISTS: exitStatus.failed,
  REPOSITORY_LOCKED: exitStatus.locked,
  REPOSITORY_DAMAGED: exitStatus.damaged,
  FORMAT_UNSUPPORTED: exitStatus.failed,
  PASSPHRASE_WRONG: exitStatus.wrongPassphrase,
  PASSPHRASE_MISSING: exitStatus.wrongPassphrase,
  SNAPSHOT_NOT_FOUND: exitStatus.failed,
  SNAPSHOT_AMBIGUOUS: exitStatus.failed,
  PATH_NOT_FOUND: exitStatus.failed,
  OBJECT_DAMAGED: exitStatus.damaged,
  OBJECT_MISSING: exitStatus.damaged,
  STORAGE_FAILED: exitStatus.storageUnreachable,
  STORAGE_FULL: exitStatus.failed,
  CATALOGUE_BUSY: exitStatus.locked,
  CATALOGUE_FAILED: exitStatus.failed,
  SOURCE_UNREADABLE: exitStatus.incomplete,
  TARGET_UNWRITABLE: exitStatus.failed,
  KEY_REFUSED: exitStatus.failed,
  NOT_VERIFIED: exitStatus.failed,
  RETENTION_REFUSED: exitStatus.failed,
  BACKUP_DISABLED: exitStatus.usage,
  HOOK_FAILED: exitStatus.failed,
  ALREADY_RUNNING: exitStatus.locked,
  LISTEN_FAILED: exitStatus.failed,
  TARGET_REFUSED: exitStatus.failed,
  INTERRUPTED: exitStatus.interrupted,
  WORKER_FAILED: exitStatus.failed,
  INTERNAL: exitStatus.failed,
}

export function exitStatusOf(code: ErrorCode): ExitStatus {
  return statusByCode[code]
}
