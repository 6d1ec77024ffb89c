import { hostname as ownHostname, userInfo } from 'node:os'
import { encodePathText } from '../../format/manifest/path-text.ts'
import { ExcludeRules } from '../../filesystem/scan/exclude-rules.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import type { StoredDirectory } from '../../format/tree/directory-writer.ts'
import { programName } from '../../foundation/program.ts'
import type { Snapshot, SnapshotStatistics, UnreadablePath } from '../../model/snapshot.ts'
import type { BlobCounts } from '../../repository/blob-store.ts'
import type { UncommittedSnapshot } from '../../repository/commit-snapshot.ts'
import { refillReserve } from '../../repository/disk-reserve.ts'
import { forbiddenDirectories } from '../../repository/forbidden-directories.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { emptyBlobCounts, type StoredSource } from '../../repository/store-snapshot.ts'
import { followWithParity } from '../../repository/parity/run-parity-update.ts'
import { underLease } from '../../repository/under-lease.ts'
import { chooseParent } from './choose-parent.ts'
import { estimateSources } from './estimate-sources.ts'
import { EventLoopTurns } from './event-loop-turns.ts'
import { cacheDirectoryMarker, parseExclusionMarker } from './exclusion-marker.ts'
import { openParentDirectories } from '../../repository/parent-directories.ts'
import { previewOutput } from './preview-output.ts'
import { ProgressReporter } from './progress-reporter.ts'
import { buffersOf, expectedBytesOf, relayedFileBytesMin } from './read-batch.ts'
import type { SnapshotOptions, SnapshotResult } from './snapshot-options.ts'
import { saveSnapshot, type SnapshotBase } from './save-snapshot.ts'
import { FileStorer } from './file-storer.ts'
import { findSources, openBase, type Sources } from './source-base.ts'
import { SourceWalker } from './source-walker.ts'
import type { WalkOutput, WalkRules } from './walk-contract.ts'
import { storeStream } from './store-stream.ts'
import { newWalkCounts, type WalkCounts } from './walk-counts.ts'
import { tellWrongClock } from './tell-wrong-clock.ts'

const unreadableListMax = 1000

/**
 * Saves paths as a snapshot. It is durable when the promise resolves.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` when no path exists
 * @throws {RepositoryError} on any fault of the repository; then there is no snapshot, and what was stored already is used
 * again by the next run
 */
export async function snapshot(
  repository: Repository,
  options: SnapshotOptions,
): Promise<SnapshotResult> {
  const startedAtMs = Date.now()
  options.signal?.throwIfAborted()
  const sources = options.stdin ? null : findSources(options.paths, options.base)
  if (options.dryRun)
    return await new SnapshotRun(repository, options, startedAtMs).preview(sources)
  const save = (lease: Lease): Promise<SnapshotResult> => {
    tellWrongClock(lease.lock, options.onEvent)
    return new SnapshotRun(repository, options, startedAtMs).save(sources, lease)
  }
  const result = await underLease(repository, 'shared', 'snapshot', save, { listsPacks: true })
  await followWithParity(repository, options)
  await refillReserve(repository.storage)
  return result
}

/** One run: what it counts, where it reports, what it has open. */
class SnapshotRun {
  readonly #repository: Repository
  readonly #options: SnapshotOptions
  readonly #startedAtMs: number
  readonly #counts: WalkCounts = newWalkCounts()
  readonly #reporter: ProgressReporter
  readonly #unreadable: UnreadablePath[] = []
  #notices = 0
  #missing = 0
  /** False when data that the parent refers to may be lost or about to go: then nothing is taken from it unread. */
  #trustsParent = true

  constructor(repository: Repository, options: SnapshotOptions, startedAtMs: number) {
    this.#repository = repository
    this.#options = options
    this.#startedAtMs = startedAtMs
    this.#reporter = new ProgressReporter(options.onEvent, this.#counts)
  }

  async preview(sources: Sources | null): Promise<SnapshotResult> {
    const parent = this.#parentOf(sources)
    if (sources) {
      this.#reportMissing(sources)
      const walker = this.#walker(parent, previewOutput)
      await this.#walk(walker, sources, parent)
    }
    return this.#result(null, parent, emptyBlobCounts(), 0)
  }

  async save(sources: Sources | null, lease: Lease): Promise<SnapshotResult> {
    const { signal, onEvent } = this.#options
    const { saved, parent, blobCounts, packBytes } = await saveSnapshot(this.#repository, lease, {
      signal,
      onEvent,
      chooseParent: () => this.#parentOf(sources),
      store: (base) => {
        this.#trustsParent = base.trustsParent
        return this.#store(sources, base)
      },
      manifest: (made) => this.#manifest(sources, made),
    })
    return this.#result(saved, parent, blobCounts, packBytes)
  }

  async #store(
    sources: Sources | null,
    { parent, session, pool, relayed }: SnapshotBase,
  ): Promise<StoredDirectory> {
    if (!sources) {
      const { stdin } = this.#options
      if (!stdin) throw new RangeError('Neither paths nor a stream')
      return await storeStream(this.#repository.context, session.store, session.packs, stdin, {
        counts: this.#counts,
        onProgress: () => this.#reporter.tick(),
        signal: this.#options.signal,
      })
    }
    this.#reportMissing(sources)
    const turns = new EventLoopTurns()
    const walker = this.#walker(parent, {
      storeTree: (bytes) => session.store.storeTree(bytes),
      ownBatchBytesMin: relayed ? relayedFileBytesMin : Infinity,
      turn: () => (relayed && relayed.openCount > 0 ? turns.take() : null),
      readBatch: async (batch, isOnly) => {
        if (relayed && batch.count === 1 && expectedBytesOf(batch, 0) >= relayedFileBytesMin) {
          return await relayed.store(batch, this.#options.signal)
        }
        // Starting a thread takes longer than reading one batch, and one writer makes one pack instead of two.
        if (isOnly) {
          const results = new FileStorer(this.#repository.context, session.store).storeBatch(batch)
          await session.packs.settle()
          return results
        }
        const reply = await pool.submit({ type: 'read', batch }, buffersOf(batch))
        await session.packs.settle()
        return Buffer.from(reply.results.buffer, reply.results.byteOffset, reply.results.length)
      },
      room: () => pool.room(),
    })
    return await this.#walk(walker, sources, parent)
  }

  #walker(parent: Snapshot | null, output: WalkOutput): SourceWalker {
    const { onEvent } = this.#options
    return new SourceWalker({
      rules: this.#rules(),
      counts: this.#counts,
      output,
      openParent: parent ? openParentDirectories(this.#repository) : null,
      observer: {
        onUnreadable: (path, message) => this.#noteUnreadable(path, message),
        onNotice: (path, message) => {
          this.#notices += 1
          onEvent?.({ type: 'notice', path, message })
        },
        onProgress: () => this.#reporter.tick(),
      },
    })
  }

  async #walk(
    walker: SourceWalker,
    sources: Sources,
    parent: Snapshot | null,
  ): Promise<StoredDirectory> {
    posix.raiseFileDescriptorLimit()
    const parentRoot = parent
      ? { id: Buffer.from(parent.tree.id, 'hex'), bytes: parent.tree.bytes }
      : null
    const { estimate, signal } = this.#options
    this.#reporter.expect(
      estimate && !parent
        ? await estimateSources(sources, this.#rules(), signal)
        : parent?.statistics,
    )
    const base = openBase(sources.base)
    const root = await walker.walk(base, sources.tree, parentRoot, this.#options.signal)
    this.#reporter.finish()
    return root
  }

  #rules(): WalkRules {
    const options = this.#options
    return {
      excludes: new ExcludeRules(options.excludes ?? []),
      markers: [
        ...(options.excludeCaches ? [cacheDirectoryMarker] : []),
        ...(options.excludeIfPresent ?? []).map(parseExclusionMarker),
      ],
      fileBytesMax: options.excludeLargerThanBytes ?? Infinity,
      oneFileSystem: options.oneFileSystem ?? false,
      readAll: (options.readAll ?? false) || !this.#trustsParent,
      forbidden: forbiddenDirectories(this.#repository),
    }
  }

  #parentOf(sources: Sources | null): Snapshot | null {
    const { parent } = this.#options
    if (parent) {
      // Blobs of a snapshot that is gone may be gone as well, although some of its tree pages can still be read.
      return resolveSnapshot(this.#repository, parent.id)
    }
    if (!sources) return null
    return chooseParent(this.#repository, {
      hostname: this.#options.hostname ?? ownHostname(),
      base: encodePathText(sources.base),
      paths: sources.paths.map(encodePathText),
    })
  }

  #reportMissing(sources: Sources): void {
    for (const { path, reason } of sources.missing) {
      this.#missing += 1
      if (this.#options.toleratesMissing === true && reason === 'ENOENT') {
        const message = 'the configured path is missing and was skipped'
        this.#options.onEvent?.({ type: 'notice', path, message })
        continue
      }
      this.#counts.unreadable += 1
      this.#noteUnreadable(path, reason)
    }
  }

  #noteUnreadable(path: Buffer, message: string): void {
    if (this.#unreadable.length < unreadableListMax) {
      this.#unreadable.push({ path: encodePathText(path), message })
    }
    this.#options.onEvent?.({ type: 'unreadable', path, message })
  }

  #manifest(
    sources: Sources | null,
    { parent, root, blobCounts, packBytes }: StoredSource,
  ): Omit<UncommittedSnapshot, 'knownDamage'> {
    const options = this.#options
    const isTrusting = parent !== null && !options.readAll
    const streamPath = Buffer.from(`/${options.stdin?.name ?? 'stdin'}`)
    return {
      version: 1,
      type: options.type ?? (isTrusting ? 'incremental' : 'full'),
      startedAtMs: this.#startedAtMs,
      endedAtMs: Date.now(),
      hostname: options.hostname ?? ownHostname(),
      username: userName(),
      base: encodePathText(sources?.base ?? Buffer.from('/')),
      paths: (sources?.paths ?? [streamPath]).map(encodePathText),
      tree: { id: root.id.toString('hex'), bytes: root.bytes },
      parentId: parent?.id ?? null,
      description: options.description ?? '',
      tags: options.tags ?? [],
      excludes: options.excludes ?? [],
      statistics: this.#statistics(blobCounts, packBytes),
      unreadable: this.#unreadable,
      program: programName,
    }
  }

  #statistics(blobs: BlobCounts, storedBytesAdded: number): SnapshotStatistics {
    const counts = this.#counts
    return {
      files: counts.files,
      directories: counts.directories,
      others: counts.others,
      bytes: counts.bytes,
      newFiles: counts.newFiles,
      changedFiles: counts.changedFiles,
      unchangedFiles: counts.unchangedFiles,
      ...blobs,
      storedBytesAdded,
      unreadable: counts.unreadable,
    }
  }

  #result(
    saved: Snapshot | null,
    parent: Snapshot | null,
    blobs: BlobCounts,
    storedBytesAdded: number,
  ): SnapshotResult {
    return {
      snapshot: saved,
      statistics: this.#statistics(blobs, storedBytesAdded),
      parent,
      unreadable: this.#counts.unreadable,
      missing: this.#missing,
      notices: this.#notices,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without an entry in the user database, as in many containers.
    return String(process.getuid?.() ?? '')
  }
}
