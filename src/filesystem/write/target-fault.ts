import { TargetError } from '../../foundation/errors.ts'
import { errorCode } from '../posix/file-status.ts'

/** A path below the target for messages: safe to print. */
export type PathText = string

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'something is there already',
  EFBIG: 'the file is too large for this file system',
  EIO: 'the disk reports an error',
  EISDIR: 'a directory is in its place',
  ELOOP: 'a symbolic link is in its place',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long for this file system',
  ENOSPC: 'the file system is full',
  ENOTDIR: 'something that is no directory is in its place',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ESTALE: 'another file has taken its place',
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Restore into a directory that you may write to, or run the restore as root',
  EDQUOT: 'Free some space or raise the quota, then restore again',
  EISDIR: 'Move the directory away or restore into an empty directory',
  ELOOP: 'Move the link away or restore into an empty directory',
  EMFILE: 'Raise the limit of open files (`ulimit -n`)',
  ENOSPC: 'Free some space, then restore again',
  ENOTDIR: 'Move it away or restore into an empty directory',
  EPERM: 'Restore as root, or leave out what only root may create',
  EROFS: 'Restore to another file system',
  ESTALE: 'Restore into a directory that nobody else may write to',
}

/** The error for one path that could not be written. */
export function targetFault(action: string, path: PathText, cause: unknown): TargetError {
  const code = errorCode(cause)
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause))
  return new TargetError(`Cannot ${action} "${path}": ${reason}`, {
    remedy: remedies[code] ?? '',
    facts: { path, code },
    cause,
  })
}

/** The error for a path that must not be written; nothing was attempted. */
export function targetRefusal(
  action: string,
  path: PathText,
  refusal: { readonly code: string; readonly reason: string; readonly remedy: string },
): TargetError {
  return new TargetError(`Cannot ${action} "${path}": ${refusal.reason}`, {
    remedy: refusal.remedy,
    facts: { path, code: refusal.code },
  })
}
