import { hostname as ownHostname, userInfo } from 'node:os'
import { encodePathText } from '../../format/manifest/path-text.ts'
import { ExcludeRules } from '../../filesystem/scan/exclude-rules.ts'
import { posix } from '../../filesystem/posix/posix.ts'
import type { StoredDirectory } from '../../format/tree/directory-writer.ts'
import { programName } from '../../foundation/program.ts'
import type { Snapshot, SnapshotStatistics, UnreadablePath } from '../../model/snapshot.ts'
import { adoptPacks } from '../../repository/adopt-packs.ts'
import { BlobClaims } from '../../repository/blob-claims.ts'
import { openBlobSession, type BlobSession } from '../../repository/blob-session.ts'
import type { BlobCounts } from '../../repository/blob-store.ts'
import { commitSnapshot } from '../../repository/commit-snapshot.ts'
import { forbiddenDirectories } from '../../repository/forbidden-directories.ts'
import { IndexWriter } from '../../repository/index-writer.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import type { RepositoryLock } from '../../repository/locks.ts'
import type { Repository } from '../../repository/repository.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { defaultThreadCount, WorkerPool } from '../../workers/worker-pool.ts'
import { chooseParent } from './choose-parent.ts'
import { estimateSources } from './estimate-sources.ts'
import { cacheDirectoryMarker, parseExclusionMarker } from './exclusion-marker.ts'
import { openParentDirectories } from './parent-directories.ts'
import { previewOutput } from './preview-output.ts'
import { ProgressReporter } from './progress-reporter.ts'
import type { SnapshotOptions, SnapshotResult } from './snapshot-options.ts'
import {
  createSnapshotWorker,
  snapshotWorkerName,
  snapshotWorkerUrl,
  type SnapshotWorkerNote,
  type SnapshotWorkerReply,
  type SnapshotWorkerRequest,
  type SnapshotWorkerSetup,
} from './snapshot-worker.ts'
import { FileStorer } from './file-storer.ts'
import { findSources, openBase, type Sources } from './source-base.ts'
import { SourceWalker } from './source-walker.ts'
import type { WalkOutput, WalkRules } from './walk-contract.ts'
import { storeStream } from './store-stream.ts'
import { newWalkCounts, type WalkCounts } from './walk-counts.ts'

type SnapshotPool = WorkerPool<
  SnapshotWorkerSetup,
  SnapshotWorkerRequest,
  SnapshotWorkerReply,
  SnapshotWorkerNote
>

/** 2^19 slots, 10 MiB: covers the new blobs of about ten gigabytes between two index objects. */
const claimSlots = 2 ** 19
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
  const lock = await lockRepository(repository, 'shared', 'snapshot')
  try {
    return await new SnapshotRun(repository, options, startedAtMs).save(sources, lock)
  } finally {
    await lock.release()
  }
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
  /** False when data that the parent refers to may be lost: then nothing is taken from it unread. */
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

  async save(sources: Sources | null, lock: RepositoryLock): Promise<SnapshotResult> {
    const repository = this.#repository
    const { lostPacks } = await adoptPacks(repository, this.#options.onEvent)
    this.#trustsParent = lostPacks.length === 0
    const parent = this.#parentOf(sources)
    const index = new IndexWriter(repository)
    const setup: SnapshotWorkerSetup = {
      context: repository.context,
      claims: BlobClaims.allocate(claimSlots),
      hasBlobs: !repository.catalogue.blobs.isEmpty(),
      lostPacks,
    }
    const session = openBlobSession(repository.context, {
      ...setup,
      onPack: (pack) => index.add(pack),
    })
    const pool: SnapshotPool = new WorkerPool({
      name: snapshotWorkerName,
      entryUrl: snapshotWorkerUrl,
      factory: createSnapshotWorker,
      setup,
      threads: defaultThreadCount(),
      onNote: (pack) => index.add(pack),
    })
    try {
      const root = await this.#store(sources, parent, session, pool)
      const workerCounts = await finishPacks(session, pool)
      // The workers' memory goes before the catalogue takes in what they wrote, and nothing of them can fail after the commit.
      await pool.close()
      await index.flush()
      this.#options.signal?.throwIfAborted()
      const blobCounts = sumCounts([session.store.counts, ...workerCounts])
      const manifest = this.#manifest(
        sources,
        parent,
        root,
        this.#statistics(blobCounts, index.packBytes),
      )
      const saved = await commitSnapshot(repository, manifest, lock)
      return this.#result(saved, parent, blobCounts, index.packBytes)
    } catch (error) {
      await session.packs.discard()
      await pool.broadcast({ type: 'discard' }).catch(() => undefined)
      await pool.terminate()
      await index.settle()
      throw error
    } finally {
      await session.close()
    }
  }

  async #store(
    sources: Sources | null,
    parent: Snapshot | null,
    session: BlobSession,
    pool: SnapshotPool,
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
    const walker = this.#walker(parent, {
      storeTree: (bytes) => session.store.storeTree(bytes),
      readBatch: async (batch, isOnly) => {
        // Starting a thread takes longer than reading one batch, and one writer makes one pack instead of two.
        if (isOnly) {
          const results = new FileStorer(this.#repository.context, session.store).storeBatch(batch)
          await session.packs.settle()
          return results
        }
        const reply = await pool.submit({ type: 'read', batch }, [
          batch.requests.buffer,
          batch.names.buffer,
        ])
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
    parent: Snapshot | null,
    root: StoredDirectory,
    statistics: SnapshotStatistics,
  ): Omit<Snapshot, 'id' | 'backupId'> {
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
      statistics,
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
      notices: this.#notices,
      durationMs: Date.now() - this.#startedAtMs,
    }
  }
}

/** Writes out every open segment and pack, the main thread's and the workers'. */
async function finishPacks(session: BlobSession, pool: SnapshotPool): Promise<BlobCounts[]> {
  // Both are waited for together: a full disk fails them all, and no failure must go unheard.
  const [replies] = await Promise.all([pool.broadcast({ type: 'finish' }), session.packs.finish()])
  return replies.map((reply) => reply.counts)
}

function sumCounts(all: readonly BlobCounts[]): BlobCounts {
  const sum = emptyBlobCounts()
  for (const counts of all) {
    sum.dataBlobsAdded += counts.dataBlobsAdded
    sum.dataBytesAdded += counts.dataBytesAdded
    sum.treeBlobsAdded += counts.treeBlobsAdded
    sum.treeBytesAdded += counts.treeBytesAdded
  }
  return sum
}

function emptyBlobCounts(): BlobCounts {
  return { dataBlobsAdded: 0, dataBytesAdded: 0, treeBlobsAdded: 0, treeBytesAdded: 0 }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without an entry in the user database, as in many containers.
    return String(process.getuid?.() ?? '')
  }
}
