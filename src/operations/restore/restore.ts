import { decodeTreePage } from '../../format/tree/tree-page.ts'
import { counted } from '../../foundation/human.ts'
import { verificationOk } from '../../model/journal-record.ts'
import { HoldfastError, RepositoryError } from '../../foundation/errors.ts'
import { openTarget, type SafeWriter } from '../../filesystem/write/safe-writer.ts'
import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import { isLoss } from '../../repository/loss.ts'
import { NeededSegments } from '../../repository/needed-segments.ts'
import { tellCost } from '../../repository/tell-cost.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import { underLease } from '../../repository/under-lease.ts'
import { WorkerPool } from '../../workers/worker-pool.ts'
import { DeletionRule } from './deletion-rule.ts'
import { finishDirectories } from './finish-directories.ts'
import { KeptPaths } from './kept-paths.ts'
import type { PageRestorerSetup } from './page-restorer.ts'
import {
  busyThreads,
  requestSizeFor,
  type RequestSize,
  type RestoreReply,
  type RestoreRequest,
  type RestoreUnit,
} from './restore-batch.ts'
import { RestoreFilter } from './restore-filter.ts'
import type { RestoreOptions, RestoreResult } from './restore-options.ts'
import { PartedFiles, type PartedFile } from './parted-files.ts'
import { placeRestore, type RestorePlace } from './restore-target.ts'
import { RestoreWalk } from './restore-walk.ts'
import { writeLinks } from './write-links.ts'
import { createRestoreWorker, restoreWorkerName, restoreWorkerUrl } from './restore-worker.ts'
import { restorationCost } from './restoration-cost.ts'
import { RestoreTally } from './restore-tally.ts'

/** Below these a thread would take longer to start than the work takes. */
const inlineFilesMax = 64
const inlineBytesMax = 8 * 1024 * 1024

/**
 * Restores a snapshot or a part of it. Every chunk is checked before it is written; what cannot be restored is an event, is counted, and
 * does not keep the rest from being restored.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 * @throws {TargetError} when the target itself cannot be made or entered
 * @throws {RepositoryError} when the storage fails otherwise than by lost data
 */
export async function restore(
  repository: Repository,
  options: RestoreOptions,
): Promise<RestoreResult> {
  options.signal?.throwIfAborted()
  refuseUntrustedPlace(options)
  const place = placeRestore(repository, options.snapshot, options)
  const run = new RestoreRun(repository, options, place)
  if (options.dryRun) return run.preview()
  refuseDamaged(repository, options)
  const work = ({ lock }: Lease): Promise<Restored> => run.restore(lock)
  const { result, recording } = await underLease(repository, 'shared', 'restore', work, {
    mayOnlyRead: true,
    needsOnlyIndex: true,
  })
  await recording
  return result
}

/** Where files go back to is written in the snapshot, too. */
function refuseUntrustedPlace({ untrusted, target }: RestoreOptions): void {
  if (untrusted !== true || target !== undefined) return
  throw new HoldfastError(
    'USAGE',
    'Cannot restore an untrusted snapshot to where it says that its files came from',
    { remedy: 'Name a folder of your own with --target' },
  )
}

/** What is known to be damaged is restored only by somebody who says so: then every part that still proves right. */
function refuseDamaged(repository: Repository, { snapshot, verify = true }: RestoreOptions): void {
  const last = repository.catalogue.journal.verificationOf(snapshot.id)
  if (!verify || !last || last.result === verificationOk) return
  throw new HoldfastError(
    'NOT_VERIFIED',
    `Cannot restore ${snapshot.backupId}: its last verification found damage`,
    {
      remedy: 'Choose another snapshot, or restore what is whole with --no-verify',
      facts: { snapshotId: snapshot.id, verifiedAtMs: last.atMs },
    },
  )
}

interface Restored {
  readonly result: RestoreResult
  /** Of what was done, in the journal; goes on while the lock is released. */
  readonly recording: Promise<void>
}

class RestoreRun {
  readonly #repository: Repository
  readonly #options: RestoreOptions
  readonly #place: RestorePlace
  readonly #kept: KeptPaths
  readonly #tally: RestoreTally
  readonly #walk: RestoreWalk
  /** No pattern leaves anything out: only then what else stands in a folder does not belong there. */
  readonly #isWhole: boolean
  readonly #crossMounts: boolean
  readonly #isUntrusted: boolean
  readonly #linkSources = new Map<string, CreatedFile>()
  #requestSize: RequestSize
  readonly #requested = { files: 0, bytes: 0 }
  #units: RestoreUnit[] = []
  #unitFiles = 0
  #unitBytes = 0

  constructor(repository: Repository, options: RestoreOptions, place: RestorePlace) {
    this.#repository = repository
    this.#options = options
    this.#place = place
    const filter = new RestoreFilter(options.includes ?? [], options.excludes ?? [])
    this.#kept = new KeptPaths(place.target, options.keeps)
    this.#tally = new RestoreTally(options, place)
    this.#requestSize = this.#nextRequestSize()
    this.#walk = new RestoreWalk(repository, {
      snapshot: options.snapshot,
      place,
      filter,
      kept: this.#kept,
      onLoss: (message) => this.#tally.fail(message),
    })
    this.#isWhole = filter.takesEverything
    // Going back to where things were includes what was mounted there.
    this.#crossMounts = options.target === undefined
    this.#isUntrusted = options.untrusted ?? false
  }

  /** Walks and counts; nothing is written. */
  preview(): RestoreResult {
    const needed = new NeededSegments(this.#repository)
    for (const unit of this.#walk.units()) {
      this.#tally.preview(unit)
      this.#tally.name(unit, this.#place.prefix)
      this.#need(needed, unit)
    }
    const { onEvent } = this.#options
    tellCost(this.#repository, needed.cost, { onEvent, dryRun: true })
    const { unknownChunks } = needed
    if (unknownChunks > 0) {
      this.#tally.fail(
        `Cannot restore ${counted(unknownChunks, 'chunk')}: no index object names them`,
      )
    }
    return this.#tally.result()
  }

  #need(needed: NeededSegments, unit: RestoreUnit): void {
    if (unit.indexes.length === 0) return
    try {
      needed.add(decodeTreePage(Buffer.from(unit.page)), unit.indexes)
    } catch (error) {
      if (!isLoss(error)) throw error
      this.#tally.fail(error.message)
    }
  }

  async restore(lock: RepositoryLock): Promise<Restored> {
    const writer = openTarget(this.#place.target, {
      crossMounts: this.#crossMounts,
      isUntrusted: this.#isUntrusted,
      onMetadataFailure: (path, { step, code }) => {
        this.#tally.fail(`Cannot set ${step} of "${path}": ${code}`)
      },
    })
    try {
      tellCost(
        this.#repository,
        restorationCost(this.#repository, this.#place, this.#tally.expected.bytes),
        this.#options,
      )
      await this.#writeFiles(writer)
      writeLinks({
        links: this.#walk.links,
        sources: this.#linkSources,
        target: this.#place.target,
        crossMounts: this.#crossMounts,
        keepsExisting: this.#options.overwrite === 'never',
        tally: this.#tally,
      })
      if (this.#place.source.kind === 'directory') {
        finishDirectories({
          repository: this.#repository,
          writer,
          snapshot: this.#options.snapshot,
          top: this.#place.source.top,
          entry: this.#place.source.entry,
          isTouched: (path) => this.#walk.isTouched(path),
          deletion:
            this.#options.delete === true && this.#isWhole
              ? new DeletionRule(this.#options.snapshot, this.#place.prefix, this.#kept)
              : null,
          tally: this.#tally,
        })
      }
      this.#tally.withhold(writer.skipped)
      if (this.#options.sync) writer.sync()
    } finally {
      writer.close()
    }
    const result = this.#tally.result()
    if (result.errors > 0) await lock.assertLossIsReal()
    // Otherwise the journal cannot be written to either.
    const isRecorded = lock.isStored && this.#options.record !== null
    const recording = isRecorded ? this.#record(result) : Promise.resolve()
    // Whoever awaits it hears of it, once the lock is released.
    recording.catch(() => undefined)
    return { result, recording }
  }

  async #writeFiles(writer: SafeWriter): Promise<void> {
    const pool = this.#openPool()
    const parted = new PartedFiles(writer)
    const inFlight = new Set<Promise<void>>()
    let failure: unknown
    const submit = async (
      request: RestoreRequest,
      onReply: (reply: RestoreReply) => void,
    ): Promise<void> => {
      await pool.room()
      this.#options.signal?.throwIfAborted()
      if (failure !== undefined) throw failure
      const writing: Promise<void> = pool
        .submit(request)
        .then(onReply)
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => inFlight.delete(writing))
      inFlight.add(writing)
    }
    const take = (reply: RestoreReply): void => this.#take(reply)
    // Asks the system, which the loop need not do for each folder.
    const isParallel = this.#repository.threadCount > 1
    try {
      for (const unit of this.#walk.units()) {
        this.#tally.name(unit, this.#place.prefix)
        const file = isParallel ? parted.begin(unit) : undefined
        if (file) {
          this.#requested.files += 1
          this.#requested.bytes += unit.contentBytes
          const takePart = (reply: RestoreReply): void => this.#takePart(file, reply)
          for (const part of file.parts()) await submit({ part }, takePart)
          continue
        }
        this.#collect(unit)
        if (this.#isFull()) await submit(this.#takeUnits(), take)
      }
      if (this.#units.length > 0) await submit(this.#takeUnits(), take)
      await Promise.all(inFlight)
      if (failure !== undefined) throw failure
      await pool.close()
    } catch (error) {
      await pool.terminate()
      throw error
    } finally {
      parted.close()
    }
  }

  #openPool(): WorkerPool<PageRestorerSetup, RestoreRequest, RestoreReply, never> {
    const { files, bytes } = this.#tally.expected
    const isSmall = files <= inlineFilesMax && bytes <= inlineBytesMax
    const setup: PageRestorerSetup = {
      context: this.#repository.context,
      target: Uint8Array.from(this.#place.target),
      overwrite: this.#options.overwrite ?? 'always',
      crossMounts: this.#crossMounts,
      isUntrusted: this.#isUntrusted,
    }
    const pool = new WorkerPool<PageRestorerSetup, RestoreRequest, RestoreReply, never>({
      name: restoreWorkerName,
      entryUrl: restoreWorkerUrl,
      factory: createRestoreWorker,
      setup,
      threads: isSmall ? 0 : this.#repository.threadCount,
      onNote: () => undefined,
    })
    // How many files a part of a snapshot has is not known before; below a folder, how many bytes is.
    const isPart = this.#place.source.entry !== null
    if (this.#isWhole) pool.startThreads(busyThreads({ files: isPart ? 0 : files, bytes }))
    return pool
  }

  #collect(unit: RestoreUnit): void {
    this.#units.push({ ...unit, page: new Uint8Array(unit.page) })
    this.#unitFiles += Math.max(1, unit.indexes.length)
    this.#unitBytes += unit.contentBytes
  }

  #nextRequestSize(): RequestSize {
    const { threadCount, storage } = this.#repository
    const { isRemote } = storage.capabilities
    return requestSizeFor(this.#tally.expected, this.#requested, threadCount, isRemote)
  }

  #isFull(): boolean {
    const { files, bytes } = this.#requestSize
    return this.#unitFiles >= files || this.#unitBytes >= bytes
  }

  #takeUnits(): RestoreRequest {
    const units = this.#units
    this.#units = []
    this.#requested.files += this.#unitFiles
    this.#requested.bytes += this.#unitBytes
    this.#requestSize = this.#nextRequestSize()
    this.#unitFiles = 0
    this.#unitBytes = 0
    return { units }
  }

  #takePart(file: PartedFile, reply: RestoreReply): void {
    const whole = file.take(reply)
    if (whole) this.#take(whole)
  }

  #take(reply: RestoreReply): void {
    this.#tally.add(reply)
    for (const [key, source] of reply.linked) this.#linkSources.set(key, source)
  }

  /** The files are back; that it cannot be written down does not make the restore fail. */
  async #record(result: RestoreResult): Promise<void> {
    try {
      await this.#writeRecord(result)
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error
      const message = `The restore could not be recorded in the journal: ${error.message}`
      this.#options.onEvent?.({ type: 'notice', message })
    }
  }

  async #writeRecord(result: RestoreResult): Promise<void> {
    const { id, backupId } = this.#options.snapshot
    await writeJournal(this.#repository, {
      kind: 'restoration',
      snapshotId: id,
      backupId,
      result: result.errors === 0 ? 'success' : 'partial',
      files: result.filesRestored,
      bytes: result.bytesRestored,
      errors: result.errors,
      target: this.#place.target.toString(),
      message: this.#tally.firstFailure ?? '',
      paths: result.paths,
      pathsOmitted: result.pathsOmitted,
      ...(this.#options.record && {
        actor: { ...this.#options.record.actor },
        restoreId: this.#options.record.restoreId,
        startedAtMs: this.#options.record.startedAtMs,
      }),
    })
  }
}
