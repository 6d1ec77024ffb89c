import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import type { MetadataFailure } from '../metadata/apply-metadata.ts'
import { chooseMetadataPolicy } from '../metadata/file-metadata.ts'
import type { FileMetadata, MetadataPolicy } from '../metadata/file-metadata.ts'
import { AT_FDCWD, posix } from '../posix/posix.ts'
import { enterChildDirectory, openTargetDirectory } from './child-directory.ts'
import {
  applyToExistingFile,
  hasEntry,
  openExistingFile,
  removeOtherEntries,
} from './existing-entries.ts'
import { HeldDirectories } from './held-directories.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { LargeFileWriter } from './large-file-writer.ts'
import type { FilePlace } from './large-file-writer.ts'
import { SmallFileWriter } from './small-file-writer.ts'
import type { SmallFile, SmallFilesResult } from './small-file-writer.ts'
import { writeHardLink, writeSpecialFile } from './special-files.ts'
import type { SpecialFile } from './special-files.ts'
import { targetFault } from './target-fault.ts'
import type { PathText } from './target-fault.ts'
import { finishFile, guardEntry, pathText } from './writer-context.ts'
import type { CreatedFile, SkippedCounts, WriterContext } from './writer-context.ts'

export interface SafeWriterOptions {
  /**
   * Remove files, links and special files that stand where an entry goes; default yes. Never a
   * directory.
   */
  readonly replaceFiles?: boolean
  /**
   * Remove links and files that stand where a directory goes; default no: the directory is refused.
   */
  readonly replaceObstacles?: boolean
  /** Enter directories of other file systems that are mounted in the target; default no. */
  readonly crossMounts?: boolean
  /** The content comes from somebody who must not gain power by it; see `chooseMetadataPolicy`. */
  readonly isUntrusted?: boolean
  /** Departures from the policy that follows from `isUntrusted` and from who runs the restore. */
  readonly policy?: Partial<MetadataPolicy>
  /** Directories to keep open; a sixteenth of the limit of open files unless given. */
  readonly heldDirectoriesMax?: number
  /** Hears of metadata that the system refused; the content is there. The path is safe to print. */
  readonly onMetadataFailure?: (path: PathText, failure: MetadataFailure) => void
}

// A writer in each of several threads, and the rest of the process, live off the same limit.
const heldShare = 16
const heldMin = 16
const heldMax = 512

/**
 * Opens a directory for writing a tree into it, creating it and what leads to it (0700) when it is
 * missing.
 *
 * The path is the operator's and may lead through links; nothing below it ever does.
 * @throws {TargetError} when it cannot be made or opened.
 */
export function openTarget(path: string | Uint8Array, options: SafeWriterOptions = {}): SafeWriter {
  const bytes = typeof path === 'string' ? Buffer.from(path) : Buffer.from(path)
  const targetText = escapeBytes(bytes)
  try {
    const isCreated = makeDirectories(bytes, 0o700) !== undefined
    const limit = posix.raiseFileDescriptorLimit()
    const { fd, handle } = openTargetDirectory(AT_FDCWD, bytes, isCreated)
    const ownShare = Math.min(heldMax, Math.max(heldMin, Math.floor(limit / heldShare)))
    const held = new HeldDirectories(handle, fd, options.heldDirectoriesMax ?? ownShare)
    return new SafeWriter(contextFor(held, targetText, options))
  } catch (error) {
    throw targetFault('open target', targetText, error)
  }
}

function contextFor(
  held: HeldDirectories,
  targetText: PathText,
  options: SafeWriterOptions,
): WriterContext {
  const isRoot = process.geteuid?.() === 0
  const policy = chooseMetadataPolicy({ isRoot, isUntrusted: options.isUntrusted ?? false })
  return {
    held,
    policy: { ...policy, ...options.policy },
    targetText,
    isRoot,
    replaceFiles: options.replaceFiles ?? true,
    replaceObstacles: options.replaceObstacles ?? false,
    crossMounts: options.crossMounts ?? false,
    skipped: { owner: 0, setIdBits: 0, attributes: 0, devices: 0 },
    onMetadataFailure: options.onMetadataFailure ?? ((): void => undefined),
  }
}

/**
 * The one way by which Holdfast writes into a directory it does not own: restore and import use it.
 *
 * It trusts neither the names it is given nor the target. Every name is a single component below a
 * held directory descriptor, links are never followed, existing files are removed and never opened,
 * everything is private until its content is whole (0600, 0700, or within a 0700 directory of this
 * run, where a file may have its own mode at once), and metadata is set through descriptors. Set-id bits, devices, capabilities and ACLs are kept from those who should not gain
 * by them, and counted. A single failure throws `TargetError` and leaves the writer usable. Several
 * writers, also in several threads, may share a target.
 *
 * The attacks this answers: CVE-2026-62268 (borg), CVE-2026-29518 and -43619 (rsync),
 * CVE-2026-24842 (node-tar).
 */
export class SafeWriter {
  readonly #context: WriterContext
  readonly #smallFiles: SmallFileWriter

  /** Use {@link openTarget}. */
  constructor(context: WriterContext) {
    this.#context = context
    this.#smallFiles = new SmallFileWriter(context)
  }

  /** The target directory itself; it stays entered until `close`. */
  get target(): DirectoryHandle {
    return this.#context.held.root
  }

  /** What the policy kept back so far. */
  get skipped(): Readonly<SkippedCounts> {
    return this.#context.skipped
  }

  /** A path below the target as it appears in messages. */
  describe(directory: DirectoryHandle, name?: Uint8Array): PathText {
    return pathText(this.#context, directory, name)
  }

  /**
   * Makes a directory (0700 until it is left) or opens the one that is there.
   * @throws {TargetError} when a link, a file or, unless allowed, a mount point is in its place.
   */
  enterDirectory(parent: DirectoryHandle, name: Uint8Array): DirectoryHandle {
    return enterChildDirectory(this.#context, parent, Buffer.from(name))
  }

  /**
   * As `enterDirectory`, for one that was entered before in this run, by this writer or another: what is looked for in a directory that is
   * new to the run is not looked for again.
   */
  returnToDirectory(parent: DirectoryHandle, name: Uint8Array): DirectoryHandle {
    return enterChildDirectory(this.#context, parent, Buffer.from(name), true)
  }

  /**
   * Ends the work in a directory and gives it its metadata; every directory in it must have been
   * left before, because writing into it moves its times. Without metadata a new directory stays
   * 0700 and an existing one keeps its own.
   */
  leaveDirectory(directory: DirectoryHandle, metadata?: FileMetadata): void {
    const { held } = this.#context
    if (held.hasChildren(directory)) throw new TypeError('Something in the directory is still open')
    try {
      guardEntry(this.#context, { action: 'finish directory', directory }, () =>
        this.#finishDirectory(directory, metadata),
      )
    } finally {
      if (directory !== held.root) held.release(directory)
    }
  }

  /**
   * Creates many files whose contents lie in one buffer; the fast path for nearly all files of a
   * tree.
   * @returns Which of them failed and why. The others are there.
   */
  writeSmallFiles(files: readonly SmallFile[], source: Uint8Array): SmallFilesResult {
    return this.#smallFiles.write(files, source)
  }

  /** Begins a file that does not fit into memory, or has holes. */
  createLargeFile(directory: DirectoryHandle, name: Uint8Array): LargeFileWriter {
    const place: FilePlace = { directory, name: Buffer.from(name) }
    return new LargeFileWriter(this.#context, place)
  }

  /**
   * Writes into a file that another thread has begun with `createLargeFile` and will finish.
   * @throws {TargetError} when that fails
   */
  writePart(descriptor: number, path: PathText, bytes: Uint8Array, position: number): void {
    try {
      posix.write(descriptor, bytes, 0, bytes.length, position)
    } catch (error) {
      throw targetFault('restore file', path, error)
    }
  }

  /**
   * Creates a link, fifo or device.
   * @returns What was created, or undefined for a device that the policy keeps back; it is counted.
   */
  writeSpecialFile(file: SpecialFile): CreatedFile | undefined {
    const { type } = file.content
    if ((type === 'characterDevice' || type === 'blockDevice') && !this.#context.policy.devices) {
      this.#context.skipped.devices++
      return undefined
    }
    return writeSpecialFile(this.#context, file)
  }

  /**
   * Gives a file that this run has created another name.
   * @throws {TargetError} when that file is not there any more or another one has taken its place.
   */
  makeHardLink(directory: DirectoryHandle, name: Uint8Array, source: CreatedFile): void {
    writeHardLink(this.#context, { directory, name }, source)
  }

  /**
   * Opens the regular file that stands under a name for reading.
   * @returns A descriptor for the caller to close; undefined when there is none that can be read.
   */
  openExisting(directory: DirectoryHandle, name: Uint8Array): number | undefined {
    return openExistingFile(this.#context, directory, name)
  }

  /** Whether anything stands under a name. */
  hasEntry(directory: DirectoryHandle, name: Uint8Array): boolean {
    return hasEntry(this.#context, directory, name)
  }

  /** Gives a regular file that stands there its metadata; one with other names is left alone. */
  applyToExisting(directory: DirectoryHandle, name: Uint8Array, metadata: FileMetadata): void {
    applyToExistingFile(this.#context, directory, name, metadata)
  }

  /**
   * Removes everything from a directory but the names that are kept.
   * @returns Entries removed, with those below removed directories.
   */
  removeOthers(directory: DirectoryHandle, keeps: (name: Buffer) => boolean): number {
    return removeOtherEntries(this.#context, directory, keeps)
  }

  /** Makes durable what was written so far. */
  sync(): void {
    const { held, targetText } = this.#context
    try {
      posix.syncfs(held.descriptorOf(held.root))
    } catch (error) {
      throw targetFault('sync', targetText, error)
    }
  }

  /**
   * Lets go of everything. Directories that were not left keep what they have: new ones stay 0700.
   */
  close(): void {
    this.#context.held.releaseAll()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #finishDirectory(directory: DirectoryHandle, metadata: FileMetadata | undefined): void {
    const fd = this.#context.held.descriptorOf(directory)
    if (metadata !== undefined) {
      finishFile(this.#context, fd, metadata, () => this.describe(directory))
    } else if (directory.originalMode !== undefined) {
      posix.fchmod(fd, directory.originalMode)
    }
  }
}
