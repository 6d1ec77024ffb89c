import { TargetError } from '../../foundation/errors.ts'
import { SET_ID_BITS } from '../metadata/apply-metadata.ts'
import type { MetadataFailure } from '../metadata/apply-metadata.ts'
import type { FileMetadata } from '../metadata/file-metadata.ts'
import { posix } from '../posix/posix.ts'
import {
  WRITE_FLAG,
  WRITE_REQUEST_BYTES,
  readWriteResult,
  setWriteRequest,
} from '../posix/small-file-batch.ts'
import type { WriteResult, WriteStep } from '../posix/small-file-batch.ts'
import { identityOf } from './held-directories.ts'
import type { DirectoryHandle } from './held-directories.ts'
import { writeWholeFile } from './large-file-writer.ts'
import { targetFault } from './target-fault.ts'
import { componentsOf, onEntry, pathText } from './writer-context.ts'
import type { CreatedFile, WriterContext } from './writer-context.ts'

/** A regular file whose whole content lies in the batch's source. */
export interface SmallFile {
  readonly directory: DirectoryHandle
  readonly name: Uint8Array
  readonly contentOffset: number
  readonly contentBytes: number
  readonly metadata: FileMetadata
  /** Whether hard links to it will follow; then `created` tells about it. */
  readonly isLinked?: boolean
}

export interface SmallFilesResult {
  /** Files that are not there, by their index in the batch. */
  readonly failures: readonly { readonly index: number; readonly error: TargetError }[]
  /** The files that were marked `isLinked`, by their index. */
  readonly created: ReadonlyMap<number, CreatedFile>
}

/** Files in one call of the addon; bounds the descriptors that have to be open at once. */
const sliceFiles = 256
const action = 'restore file'

/** Steps after which the content is whole and only metadata is missing. */
const metadataSteps: { readonly [Step in WriteStep]?: MetadataFailure['step'] } = {
  status: 'status',
  chown: 'owner',
  acl: 'attribute',
  chmod: 'mode',
  times: 'times',
}

interface Outcome {
  readonly failures: { readonly index: number; readonly error: TargetError }[]
  readonly created: Map<number, CreatedFile>
}

/** Packs files into batches for the addon; those with attributes are written one by one. */
export class SmallFileWriter {
  readonly #context: WriterContext
  readonly #requests = new Uint8Array(sliceFiles * WRITE_REQUEST_BYTES)
  readonly #view = new DataView(this.#requests.buffer)
  readonly #names = Buffer.alloc(sliceFiles * 255)
  readonly #indexes: number[] = []
  readonly #euid = process.geteuid?.()
  readonly #egid = process.getegid?.()
  #nameEnd = 0

  constructor(context: WriterContext) {
    this.#context = context
  }

  write(files: readonly SmallFile[], source: Uint8Array): SmallFilesResult {
    const outcome: Outcome = { failures: [], created: new Map() }
    for (const [index, file] of files.entries()) {
      try {
        this.#add(index, file, { source, outcome })
      } catch (error) {
        if (!(error instanceof TargetError)) {
          this.#reset()
          throw error
        }
        outcome.failures.push({ index, error })
      }
      if (this.#indexes.length === sliceFiles) this.#flush(files, source, outcome)
    }
    this.#flush(files, source, outcome)
    return outcome
  }

  #add(
    index: number,
    file: SmallFile,
    { source, outcome }: { readonly source: Uint8Array; readonly outcome: Outcome },
  ): void {
    const { directory, name, metadata } = file
    const contentEnd = file.contentOffset + file.contentBytes
    if (!(file.contentOffset >= 0 && file.contentBytes >= 0 && contentEnd <= source.length)) {
      throw new RangeError('The content of a file lies outside the source')
    }
    onEntry(this.#context, { action, directory, name }, (directoryFd) => {
      if ((metadata.attributes?.length ?? 0) > 0) {
        const content = source.subarray(file.contentOffset, contentEnd)
        const created = writeWholeFile(this.#context, file, content)
        if (file.isLinked === true) outcome.created.set(index, created)
        return
      }
      this.#pack(index, file, directoryFd)
    })
  }

  #pack(index: number, file: SmallFile, directory: number): void {
    const { metadata, contentOffset, contentBytes } = file
    const nameOffset = this.#nameEnd
    this.#names.set(file.name, nameOffset)
    this.#nameEnd += file.name.length
    setWriteRequest(this.#view, this.#indexes.length, {
      directory,
      nameOffset,
      nameBytes: file.name.length,
      contentOffset,
      contentBytes,
      mode: this.#permittedMode(metadata),
      uid: metadata.uid,
      gid: metadata.gid,
      mtimeSec: metadata.mtimeSec,
      mtimeNsec: metadata.mtimeNsec,
      flags: this.#flags(file.directory),
    })
    this.#indexes.push(index)
  }

  #flags(directory: DirectoryHandle): number {
    const { policy, replaceFiles } = this.#context
    return (
      WRITE_FLAG.chmod |
      WRITE_FLAG.times |
      (policy.owner ? WRITE_FLAG.chown : 0) |
      (replaceFiles ? WRITE_FLAG.replace : 0) |
      (directory.hasDefaultAcl ? WRITE_FLAG.clearAcl : 0) |
      (isHidden(directory) ? WRITE_FLAG.hidden : 0)
    )
  }

  #permittedMode({ mode, uid, gid }: FileMetadata): number {
    const { policy, skipped } = this.#context
    if (!policy.owner && (uid !== this.#euid || gid !== this.#egid)) skipped.owner++
    if (policy.setIdBits || (mode & SET_ID_BITS) === 0) return mode & 0o7777
    skipped.setIdBits++
    return mode & 0o7777 & ~SET_ID_BITS
  }

  #reset(): void {
    this.#indexes.length = 0
    this.#nameEnd = 0
  }

  #flush(files: readonly SmallFile[], source: Uint8Array, outcome: Outcome): void {
    const indexes = this.#indexes.slice()
    this.#reset()
    if (indexes.length === 0) return
    const failures = posix.writeSmallFiles(this.#requests, this.#names, source, 0, indexes.length)
    for (const [position, index] of indexes.entries()) {
      const file = files[index]
      if (failures === 0 && file.isLinked !== true) continue
      this.#settle(file, index, { result: readWriteResult(this.#view, position), outcome })
    }
  }

  #settle(
    file: SmallFile,
    index: number,
    { result, outcome }: { readonly result: WriteResult; readonly outcome: Outcome },
  ): void {
    const { step, errno } = result
    const { directory, name } = file
    if (step !== 'none') {
      const code = posix.errnoName(errno)
      const path = pathText(this.#context, directory, name)
      const metadataStep = metadataSteps[step]
      if (metadataStep === undefined) {
        const cause = Object.assign(new Error(`${code}, ${step}`), { code, errno: -errno })
        outcome.failures.push({ index, error: targetFault(action, path, cause) })
        return
      }
      this.#context.onMetadataFailure(path, { step: metadataStep, code })
    }
    if (file.isLinked === true) {
      const components = componentsOf(directory, name)
      outcome.created.set(index, { components, identity: identityOf(result) })
    }
  }
}

/**
 * Whether nobody else can look into a directory yet: this run made it, with 0700 and without ACLs,
 * and gives it its own mode only when all that is in it is written.
 */
function isHidden({ isCreated, hasDefaultAcl }: DirectoryHandle): boolean {
  return isCreated && !hasDefaultAcl
}
