import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { posix } from '../posix/posix.ts'
import { errorCode, fileStatus } from '../posix/file-status.ts'
import { FILE_TYPE } from '../posix/stat-record.ts'
import type { FileStatus } from '../posix/stat-record.ts'
import type { FileAttribute, FileMetadata, MetadataPolicy } from './file-metadata.ts'

/** A part of the metadata that the system refused. */
export interface MetadataFailure {
  readonly step: 'status' | 'owner' | 'mode' | 'attribute' | 'times'
  /** As in Node: 'EPERM', 'EOPNOTSUPP', ... */
  readonly code: string
  /** Name of the attribute, safe to print. */
  readonly attribute?: string
}

/** What became of a file's metadata. */
export interface MetadataReport {
  readonly failures: MetadataFailure[]
  /** Parts that the policy kept back although the file has them. */
  readonly skipped: SkippedMetadata
}

export interface SkippedMetadata {
  owner: number
  setIdBits: number
  attributes: number
}

export const SET_ID_BITS = 0o6000

const aclNames: ReadonlySet<string> = new Set([
  'system.posix_acl_access',
  'system.posix_acl_default',
])

/**
 * Sets a file's metadata through a descriptor; one opened with `O_PATH` serves for links and
 * special files.
 *
 * The order matters. ACLs that the file inherited go first, since a wider mode would make them
 * effective. The owner comes before the mode, because chown clears set-id bits, and before the
 * attributes, because it clears file capabilities. The times come last, because everything else
 * moves them. Every step is tried even when one fails, and set-id bits are withheld from a file
 * that did not get its owner.
 */
export function applyMetadata(
  fd: number,
  metadata: FileMetadata,
  policy: MetadataPolicy,
): MetadataReport {
  const report = newReport()
  const status = statusOf(fd, report)
  if (status === undefined) return report
  const task: Task = { fd, metadata, policy, report }
  const isLink = (status.mode & FILE_TYPE.mask) === FILE_TYPE.symlink
  const attributes = planAttributes(task)
  for (const name of attributes.remove) {
    attempt(report, 'attribute', () => posix.removeXattr(fd, name), name)
  }
  const isOwned = applyOwner(task, status)
  if (!isLink) applyMode(task, isOwned)
  for (const { name, value } of attributes.set) {
    attempt(report, 'attribute', () => posix.setXattr(fd, name, value), name)
  }
  attempt(report, 'times', () => posix.setTimes(fd, metadata.mtimeSec, metadata.mtimeNsec))
  return report
}

interface Task {
  readonly fd: number
  readonly metadata: FileMetadata
  readonly policy: MetadataPolicy
  readonly report: MetadataReport
}

function newReport(): MetadataReport {
  return { failures: [], skipped: { owner: 0, setIdBits: 0, attributes: 0 } }
}

function statusOf(fd: number, report: MetadataReport): FileStatus | undefined {
  const found: FileStatus[] = []
  attempt(report, 'status', () => found.push(fileStatus(fd)))
  return found[0]
}

function attempt(
  report: MetadataReport,
  step: MetadataFailure['step'],
  action: () => unknown,
  attribute?: Uint8Array,
): boolean {
  try {
    action()
    return true
  } catch (error) {
    const failure: MetadataFailure = { step, code: errorCode(error) }
    report.failures.push(
      attribute === undefined ? failure : { ...failure, attribute: escapeBytes(attribute) },
    )
    return false
  }
}

/** Whether the file belongs to whom it should. */
function applyOwner({ fd, metadata, policy, report }: Task, status: FileStatus): boolean {
  const { uid, gid } = metadata
  if (status.uid === uid && status.gid === gid) return true
  if (!policy.owner) {
    report.skipped.owner++
    return false
  }
  return attempt(report, 'owner', () => posix.fchown(fd, uid, gid))
}

function applyMode({ fd, metadata, policy, report }: Task, isOwned: boolean): void {
  let mode = metadata.mode & 0o7777
  if ((mode & SET_ID_BITS) !== 0 && !(policy.setIdBits && isOwned)) {
    mode &= ~SET_ID_BITS
    report.skipped.setIdBits++
  }
  attempt(report, 'mode', () => posix.fchmod(fd, mode))
}

interface AttributePlan {
  readonly remove: readonly Uint8Array[]
  readonly set: readonly FileAttribute[]
}

/**
 * Compares what the file has with what it should have. Labels of the security modules stay unless
 * we know better.
 */
function planAttributes({ fd, metadata, policy, report }: Task): AttributePlan {
  const present = new Map<string, Buffer>()
  attempt(report, 'attribute', () => {
    for (const { name, value } of posix.getXattrs(fd)) present.set(name.toString('latin1'), value)
  })
  const set: FileAttribute[] = []
  const wanted = new Set<string>()
  for (const attribute of metadata.attributes ?? []) {
    const key = Buffer.from(attribute.name).toString('latin1')
    if (policy.attributes === 'user' && !key.startsWith('user.')) {
      report.skipped.attributes++
      continue
    }
    wanted.add(key)
    if (present.get(key)?.equals(attribute.value) !== true) set.push(attribute)
  }
  const remove = [...present.keys()]
    .filter((key) => !wanted.has(key) && (key.startsWith('user.') || aclNames.has(key)))
    .map((key) => Buffer.from(key, 'latin1'))
  return { remove, set }
}
