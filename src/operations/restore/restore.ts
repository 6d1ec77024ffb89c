import { verificationOk } from '../../model/journal-record.ts'
import { HoldfastError, RepositoryError } from '../../foundation/errors.ts'
import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { openTarget } from '../../filesystem/write/safe-writer.ts'
import type { CreatedFile } from '../../filesystem/write/writer-context.ts'
import { deviceNumberOfFlags, flagHardLinked } from '../../format/tree/entry-flags.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import {
  entryCountOf,
  walkedPath,
  walkTree,
  type WalkedDirectory,
} from '../../repository/tree-walk.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import { underLease } from '../../repository/under-lease.ts'
import { WorkerPool } from '../../workers/worker-pool.ts'
import { DeletionRule } from './deletion-rule.ts'
import { finishDirectories } from './finish-directories.ts'
import { KeptPaths } from './kept-paths.ts'
import type { PageRestorerSetup } from './page-restorer.ts'
import type { RestoreReply, RestoreRequest, RestoreUnit } from './restore-batch.ts'
import { RestoreFilter } from './restore-filter.ts'
import type { RestoreOptions, RestoreResult } from './restore-options.ts'
import { placeRestore, type RestorePlace } from './restore-target.ts'
import { writeLinks, type DeferredLink } from './write-links.ts'
import { createRestoreWorker, restoreWorkerName, restoreWorkerUrl } from './restore-worker.ts'
import { RestoreTally } from './restore-tally.ts'

/** Files and bytes of one request to a worker. */
const requestFilesMax = 512
const requestBytesMax = 32 * 1024 * 1024
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
  return await underLease(repository, 'shared', 'restore', ({ lock }) => run.restore(lock), {
    mayOnlyRead: true,
  })
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

class RestoreRun {
  readonly #repository: Repository
  readonly #options: RestoreOptions
  readonly #place: RestorePlace
  readonly #filter: RestoreFilter
  readonly #kept: KeptPaths
  readonly #tally: RestoreTally
  readonly #crossMounts: boolean
  readonly #isUntrusted: boolean
  readonly #links: DeferredLink[] = []
  readonly #firstOfGroup = new Set<string>()
  readonly #linkSources = new Map<string, CreatedFile>()
  /** Folders that get their metadata at the end, by their path; null when it is all of them. */
  readonly #touched: Set<string> | null
  #units: RestoreUnit[] = []
  #unitFiles = 0
  #unitBytes = 0

  constructor(repository: Repository, options: RestoreOptions, place: RestorePlace) {
    this.#repository = repository
    this.#options = options
    this.#place = place
    this.#filter = new RestoreFilter(options.includes ?? [], options.excludes ?? [])
    this.#kept = new KeptPaths(place.target, options.keeps)
    this.#tally = new RestoreTally(options, place)
    // Going back to where things were includes what was mounted there.
    this.#crossMounts = options.target === undefined
    this.#isUntrusted = options.untrusted ?? false
    this.#touched = this.#filter.takesEverything ? null : new Set()
  }

  /** Walks and counts; nothing is written. */
  preview(): RestoreResult {
    for (const unit of this.#walk()) {
      this.#tally.preview(unit)
      this.#tally.name(unit, this.#place.prefix)
    }
    return this.#tally.result()
  }

  async restore(lock: RepositoryLock): Promise<RestoreResult> {
    const writer = openTarget(this.#place.target, {
      crossMounts: this.#crossMounts,
      isUntrusted: this.#isUntrusted,
      onMetadataFailure: (path, { step, code }) => {
        this.#tally.fail(`Cannot set ${step} of "${path}": ${code}`)
      },
    })
    try {
      await this.#writeFiles()
      writeLinks({
        links: this.#links,
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
          isTouched: (path) => this.#touched === null || this.#touched.has(path),
          deletion:
            this.#options.delete === true && this.#touched === null
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
    if (lock.isStored && this.#options.record !== null) await this.#record(result)
    return result
  }

  async #writeFiles(): Promise<void> {
    const pool = this.#openPool()
    const inFlight = new Set<Promise<void>>()
    let failure: unknown
    const submit = async (request: RestoreRequest): Promise<void> => {
      await pool.room()
      this.#options.signal?.throwIfAborted()
      if (failure !== undefined) throw failure
      const writing: Promise<void> = pool
        .submit(request)
        .then((reply) => this.#take(reply))
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => inFlight.delete(writing))
      inFlight.add(writing)
    }
    try {
      for (const unit of this.#walk()) {
        this.#tally.name(unit, this.#place.prefix)
        this.#collect(unit)
        if (this.#isFull()) await submit(this.#takeUnits())
      }
      if (this.#units.length > 0) await submit(this.#takeUnits())
      await Promise.all(inFlight)
      if (failure !== undefined) throw failure
      await pool.close()
    } catch (error) {
      await pool.terminate()
      throw error
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
    return new WorkerPool({
      name: restoreWorkerName,
      entryUrl: restoreWorkerUrl,
      factory: createRestoreWorker,
      setup,
      threads: isSmall ? 0 : this.#repository.threadCount,
      onNote: () => undefined,
    })
  }

  /** Everything that is to be written, page by page, in the order of the tree. */
  *#walk(): Generator<RestoreUnit> {
    const { source } = this.#place
    if (source.kind === 'entry') {
      const { page, index } = source.entry
      const path = Buffer.concat([Buffer.from('/'), page.name(index)])
      if (!this.#kept.forbids(path, false)) yield* this.#unitsOf([], page, [index])
      return
    }
    const inside = new WeakSet<WalkedDirectory>()
    const taken = new WeakMap<WalkedDirectory, Set<string>>()
    const walk = walkTree(this.#repository, source.top, entryCountOf(this.#options.snapshot), {
      enter: ({ directory, page }, index) => this.#enters(directory, page, index, inside, taken),
      onLoss: (directory, error) => {
        this.#tally.fail(
          `Cannot restore folder "${escapeBytes(walkedPath(directory))}": ${error.message}`,
        )
      },
    })
    for (const { directory, page } of walk) {
      const isInside = this.#isInside(directory, inside, taken)
      const components = componentsOf(directory)
      const indexes: number[] = []
      for (let index = 0; index < page.entryCount; index++) {
        if (isDirectory(page.mode(index))) continue
        if (this.#takes(directory, page, index, isInside)) indexes.push(index)
      }
      if (indexes.length > 0 || isInside || !this.#filter.hasIncludes) this.#touch(components)
      yield* this.#unitsOf(components, page, indexes)
      // An empty folder has no entries that would make it.
      if (indexes.length === 0 && (isInside || !this.#filter.hasIncludes)) {
        yield emptyUnit(components)
      }
    }
  }

  #takes(directory: WalkedDirectory, page: TreePage, index: number, isInside: boolean): boolean {
    if (this.#kept.forbids(walkedPath(directory, page.name(index)), false)) return false
    if (this.#filter.takesEverything) return true
    const path = this.#pathText(directory, page.name(index))
    return this.#filter.takes(path, isDirectory(page.mode(index)), isInside)
  }

  #enters(
    directory: WalkedDirectory,
    page: TreePage,
    index: number,
    inside: WeakSet<WalkedDirectory>,
    taken: WeakMap<WalkedDirectory, Set<string>>,
  ): boolean {
    if (this.#kept.forbids(walkedPath(directory, page.name(index)), true)) return false
    if (this.#filter.takesEverything) return true
    const path = this.#pathText(directory, page.name(index))
    const isInside = this.#isInside(directory, inside, taken)
    if (this.#filter.takes(path, true, isInside)) {
      const names = taken.get(directory) ?? new Set<string>()
      names.add(page.name(index).toString('latin1'))
      taken.set(directory, names)
      return true
    }
    return this.#filter.looksInto(path)
  }

  /** Whether the folder was taken itself; known from the look at it in the folder above. */
  #isInside(
    directory: WalkedDirectory,
    inside: WeakSet<WalkedDirectory>,
    taken: WeakMap<WalkedDirectory, Set<string>>,
  ): boolean {
    if (!this.#filter.hasIncludes) return true
    if (inside.has(directory)) return true
    const isTaken =
      directory.parent !== null &&
      taken.get(directory.parent)?.has(directory.name.toString('latin1')) === true
    if (isTaken) inside.add(directory)
    return isTaken
  }

  #pathText(directory: WalkedDirectory, name: Buffer): string {
    const prefix = this.#place.prefix.map((component) => `/${component.toString()}`).join('')
    return prefix + walkedPath(directory, name).toString()
  }

  #touch(components: readonly Buffer[]): void {
    if (!this.#touched) return
    // From the leaf up, until somebody was there: what lies above is known then.
    for (let depth = components.length; depth >= 0; depth--) {
      const key = pathKey(components.slice(0, depth))
      if (this.#touched.has(key)) return
      this.#touched.add(key)
    }
  }

  *#unitsOf(
    components: readonly Buffer[],
    page: TreePage,
    indexes: readonly number[],
  ): Generator<RestoreUnit> {
    let batch: number[] = []
    let linkKeys: (string | null)[] = []
    for (const index of indexes) {
      const key = this.#linkKeyOf(page, index)
      if (key !== null && !this.#isFirst(key)) {
        this.#links.push({ key, components, name: Buffer.from(page.name(index)) })
        continue
      }
      batch.push(index)
      linkKeys.push(key)
      if (batch.length === requestFilesMax) {
        yield { components, page: page.bytes, indexes: Uint32Array.from(batch), linkKeys }
        batch = []
        linkKeys = []
      }
    }
    if (batch.length > 0) {
      yield { components, page: page.bytes, indexes: Uint32Array.from(batch), linkKeys }
    }
  }

  #linkKeyOf(page: TreePage, index: number): string | null {
    const flags = page.flags(index)
    if ((flags & flagHardLinked) === 0) return null
    return `${deviceNumberOfFlags(flags)}:${page.inodeLow(index)}:${page.inodeHigh(index)}`
  }

  #isFirst(key: string): boolean {
    if (this.#firstOfGroup.has(key)) return false
    this.#firstOfGroup.add(key)
    return true
  }

  #collect(unit: RestoreUnit): void {
    this.#units.push({ ...unit, page: Uint8Array.from(unit.page) })
    this.#unitFiles += Math.max(1, unit.indexes.length)
    this.#unitBytes += this.#tally.sizeOf(unit)
  }

  #isFull(): boolean {
    return this.#unitFiles >= requestFilesMax || this.#unitBytes >= requestBytesMax
  }

  #takeUnits(): RestoreRequest {
    const units = this.#units
    this.#units = []
    this.#unitFiles = 0
    this.#unitBytes = 0
    return { units }
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

function componentsOf(directory: WalkedDirectory): Buffer[] {
  const components: Buffer[] = []
  for (let at: WalkedDirectory | null = directory; at?.parent; at = at.parent) {
    components.push(at.name)
  }
  return components.reverse()
}

export function pathKey(components: readonly Uint8Array[]): string {
  return components.map((name) => Buffer.from(name).toString('latin1')).join('/')
}

/** Nothing but the folder itself. */
function emptyUnit(components: readonly Buffer[]): RestoreUnit {
  return { components, page: emptyPage, indexes: new Uint32Array(0), linkKeys: [] }
}

const emptyPage = new Uint8Array(0)
