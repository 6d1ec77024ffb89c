import { TargetError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { applyMetadata } from '../metadata/apply-metadata.ts'
import type { MetadataFailure } from '../metadata/apply-metadata.ts'
import type { FileMetadata, MetadataPolicy } from '../metadata/file-metadata.ts'
import { isEntryName } from './entry-name.ts'
import type { DirectoryHandle, FileIdentity, HeldDirectories } from './held-directories.ts'
import { targetFault, targetRefusal } from './target-fault.ts'
import type { PathText } from './target-fault.ts'

/** What the policy kept back during a whole run, for the report. */
export interface SkippedCounts {
  owner: number
  setIdBits: number
  attributes: number
  devices: number
}

/** What the parts of the safe writer share. */
export interface WriterContext {
  readonly held: HeldDirectories
  readonly policy: MetadataPolicy
  readonly targetText: PathText
  readonly isRoot: boolean
  /** Replace files, links and special files that stand where an entry goes. */
  readonly replaceFiles: boolean
  /** Replace links and files that stand where a directory goes. */
  readonly replaceObstacles: boolean
  readonly crossMounts: boolean
  readonly skipped: SkippedCounts
  readonly onMetadataFailure: (path: PathText, failure: MetadataFailure) => void
}

/**
 * A file this run has created, as a source for hard links. Plain data: it may travel between
 * threads.
 */
export interface CreatedFile {
  /** Names from the target down to the file. */
  readonly components: readonly Uint8Array[]
  readonly identity: FileIdentity
}

export function pathText(
  context: WriterContext,
  directory: DirectoryHandle,
  name?: Uint8Array,
): PathText {
  const { targetText } = context
  const path = componentsOf(directory, name).map(escapeBytes).join('/')
  if (path === '') return targetText
  return targetText.endsWith('/') ? targetText + path : `${targetText}/${path}`
}

export function componentsOf(directory: DirectoryHandle, name?: Uint8Array): Uint8Array[] {
  const components: Uint8Array[] = name === undefined ? [] : [name]
  for (let step = directory; step.parent !== undefined; step = step.parent)
    components.push(step.name)
  return components.reverse()
}

/** One entry, and what is done to it, for messages. */
export interface EntryAction {
  /** Imperative, such as `restore file`. */
  readonly action: string
  readonly directory: DirectoryHandle
  readonly name: Uint8Array
}

/**
 * Does one thing to one entry of a held directory.
 * @throws {TargetError} naming the path when the name is no single component or the system refuses.
 */
export function onEntry<Result>(
  context: WriterContext,
  entry: EntryAction,
  act: (directoryFd: number) => Result,
): Result {
  if (!isEntryName(entry.name)) throw hostileEntry(context, entry, 'not the name of one file')
  return guardEntry(context, entry, () => act(context.held.descriptorOf(entry.directory)))
}

/** Turns errors of the system into `TargetError`s that name the entry; without a name, the directory itself. */
export function guardEntry<Result>(
  context: WriterContext,
  { action, directory, name }: Omit<EntryAction, 'name'> & Partial<EntryAction>,
  act: () => Result,
): Result {
  try {
    return act()
  } catch (error) {
    // Mistakes of the caller are not faults of the target.
    if (error instanceof TypeError || error instanceof RangeError) throw error
    if (error instanceof TargetError) throw error
    throw targetFault(action, pathText(context, directory, name), error)
  }
}

/** The error for an entry that no honest backup contains. */
export function hostileEntry(
  context: WriterContext,
  { action, directory, name }: EntryAction,
  reason: string,
): TargetError {
  return targetRefusal(action, pathText(context, directory, name), {
    code: 'EINVAL',
    reason,
    remedy: 'The source is damaged or hostile; run `holdfast verify`',
  })
}

/** Applies metadata through a descriptor; counts what was kept back and passes failures on. */
export function finishFile(
  context: WriterContext,
  fd: number,
  metadata: FileMetadata,
  path: () => PathText,
): void {
  const { failures, skipped } = applyMetadata(fd, metadata, context.policy)
  context.skipped.owner += skipped.owner
  context.skipped.setIdBits += skipped.setIdBits
  context.skipped.attributes += skipped.attributes
  for (const failure of failures) context.onMetadataFailure(path(), failure)
}
