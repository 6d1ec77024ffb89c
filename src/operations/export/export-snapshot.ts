import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { tarBlockBytes, tarRecordBytes } from '../../format/archive/archive-entry.ts'
import { encodeArchiveOrigin } from '../../format/archive/archive-origin.ts'
import { encodeTarComment } from '../../format/archive/encode-tar-header.ts'
import { GzipWriter } from '../../format/archive/gzip-writer.ts'
import { decodePathText, encodePathText } from '../../format/manifest/path-text.ts'
import { TargetError } from '../../foundation/errors.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { makeDirectories } from '../../foundation/make-directories.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { componentsInTree } from '../../repository/find-entry.ts'
import { listFilePaths } from '../../repository/list-file-paths.ts'
import type { Repository } from '../../repository/repository.ts'
import { underLease } from '../../repository/under-lease.ts'
import { appendHistory } from './append-history.ts'
import { ArchiveFile, fingerprint, targetError } from './archive-file.ts'
import type { ExportOptions, ExportResult } from './export-options.ts'
import { composeHistoryLine, type ExportedArchive } from './history-line.ts'
import { findExport, recordExport } from './record-export.ts'
import { writeTree, type WrittenTree } from './write-tree.ts'

/** A third faster than 6 on text, for one per cent more: a backup is packed every night. */
const defaultLevel = 5
/** libuv's pool has four threads unless told otherwise; more blocks than that only wait. */
const threadsMax = 4
const progressMs = 100
/** More would make a line of the history that is a burden to read. */
const listedFilesMax = 10_000

/**
 * Writes a snapshot to `<folder>/backup_<seconds>.tar.gz`, with a line in the history and a record in the journal. All three are durable when the
 * promise resolves. The archive appears under its name when it is whole; whatever fails before leaves nothing behind.
 *
 * @throws {TargetError} when it cannot be written, and when another archive has the name already
 * @throws {RepositoryError} when something of the snapshot is lost
 */
export async function exportSnapshot(
  repository: Repository,
  options: ExportOptions,
): Promise<ExportResult> {
  options.signal?.throwIfAborted()
  const work = new ExportRun(repository, options)
  return await underLease(repository, 'shared', 'export', () => work.run(), { mayOnlyRead: true })
}

class ExportRun {
  readonly #repository: Repository
  readonly #options: ExportOptions
  readonly #path: string
  readonly #startedMs = performance.now()

  constructor(repository: Repository, options: ExportOptions) {
    this.#repository = repository
    this.#options = options
    this.#path = join(options.folder, `${options.snapshot.backupId}.tar.gz`)
  }

  async run(): Promise<ExportResult> {
    const { folder } = this.#options
    try {
      makeDirectories(folder, 0o755)
    } catch (error) {
      throw targetError(folder, error)
    }
    return (await this.#findPresent()) ?? (await this.#write())
  }

  /** An archive that was exported before and is still what it was. */
  async #findPresent(): Promise<ExportResult | undefined> {
    const known = findExport(this.#repository, this.#options)
    if (known === undefined || known['archive'] !== this.#recordedPath()) return undefined
    const found = await fingerprint(this.#path, this.#options.signal)
    if (found === undefined || found.checksum !== known['checksum']) return undefined
    const { files, bytes } = this.#options.snapshot.statistics
    return this.#result('present', found, { files, bytes })
  }

  async #write(): Promise<ExportResult> {
    const file = await ArchiveFile.create(this.#path)
    try {
      const tree = await this.#writeContent(file)
      const checksum = await file.complete()
      this.#options.signal?.throwIfAborted()
      const isPublished = await file.publish(this.#options.overwrite ?? false)
      if (!isPublished) await this.#assertSame(checksum)
      await this.#record({ archive: this.#recordedPath(), checksum, bytes: file.bytes }, tree)
      const made = { checksum, bytes: file.bytes }
      return this.#result(isPublished ? 'written' : 'present', made, tree)
    } finally {
      await file.discard()
    }
  }

  async #writeContent(file: ArchiveFile): Promise<WrittenTree> {
    const { snapshot, signal, level = defaultLevel, threads } = this.#options
    const gzip = new GzipWriter({
      level,
      threads: Math.min(threadsMax, threads ?? availableParallelism()),
      onBytes: (bytes) => file.write(bytes),
    })
    gzip.write(encodeTarComment(encodeArchiveOrigin(originOf(snapshot))))
    const tree = await writeTree(this.#repository, snapshot, {
      gzip,
      signal,
      onProgress: this.#progress(),
    })
    gzip.write(Buffer.alloc(2 * tarBlockBytes))
    const rest = gzip.totalBytes % tarRecordBytes
    gzip.write(Buffer.alloc(rest === 0 ? 0 : tarRecordBytes - rest))
    await gzip.finish()
    return tree
  }

  #progress(): (files: number, bytes: number) => void {
    const { onEvent, snapshot } = this.#options
    if (!onEvent) return () => undefined
    const { files, bytes } = snapshot.statistics
    let toldMs = 0
    return (filesDone, bytesDone) => {
      const nowMs = performance.now()
      if (nowMs - toldMs < progressMs && filesDone < files) return
      toldMs = nowMs
      onEvent({
        type: 'progress',
        phase: 'exporting',
        filesDone,
        filesTotal: files,
        bytesDone,
        bytesTotal: Math.max(bytes, bytesDone),
        errors: 0,
      })
    }
  }

  /** What stands there may be all that is left of another repository. */
  async #assertSame(checksum: string): Promise<void> {
    const found = await fingerprint(this.#path, this.#options.signal)
    if (found?.checksum === checksum) return
    throw new TargetError(
      `Cannot write "${escapeText(this.#path)}": another archive has that name already`,
      {
        remedy: 'Move it away, export to another folder with --output, or add --overwrite',
        facts: { path: this.#path },
      },
    )
  }

  async #record(exported: ExportedArchive, tree: WrittenTree): Promise<void> {
    const { snapshot, historyFile } = this.#options
    if (historyFile !== undefined) {
      const summary = this.#repository.catalogue.snapshots.summary(snapshot.id)
      const line = composeHistoryLine(snapshot, exported, {
        isVerified: typeof summary?.verifiedAtMs === 'number' || this.#wasVerified(),
        files: listFilePaths(this.#repository, snapshot, listedFilesMax),
      })
      await appendHistory(historyFile, line)
    }
    await recordExport(this.#repository, this.#options, {
      ...exported,
      files: tree.files,
      contentBytes: tree.bytes,
    })
  }

  /** By the documented system, when the snapshot came from there and its archive proved right. */
  #wasVerified(): boolean {
    const { journal } = this.#repository.catalogue
    const { id } = this.#options.snapshot
    const imported = journal.list({ kind: 'import', snapshotId: id, limit: 1 })[0]?.record
    const original = imported?.['record'] as { status?: unknown } | undefined
    return original?.status === 'verified'
  }

  #recordedPath(): string {
    const { projectFolder } = this.#options
    if (projectFolder === undefined) return this.#path
    const path = relative(projectFolder, this.#path)
    return path === '..' || path.startsWith('../') ? this.#path : path
  }

  #result(
    outcome: ExportResult['outcome'],
    archive: { readonly checksum: string; readonly bytes: number },
    { files, bytes }: WrittenTree,
  ): ExportResult {
    return {
      outcome,
      archive: this.#path,
      archiveBytes: archive.bytes,
      checksum: archive.checksum,
      files,
      bytes,
      durationMs: performance.now() - this.#startedMs,
    }
  }
}

function originOf(snapshot: Snapshot): Parameters<typeof encodeArchiveOrigin>[0] {
  const { backupId, type, startedAtMs, endedAtMs, hostname, username } = snapshot
  const { tags, description, excludes } = snapshot
  const paths = snapshot.paths.map((path) => {
    const components = componentsInTree(snapshot, decodePathText(path))
    const slash = Buffer.from('/')
    return encodePathText(Buffer.concat(components.flatMap((name) => [slash, name])).subarray(1))
  })
  const origin = { backupId, type, startedAtMs, endedAtMs, hostname, username }
  return { ...origin, paths, tags, description, excludes }
}
