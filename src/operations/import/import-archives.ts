import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { refillReserve } from '../../repository/disk-reserve.ts'
import { followWithParity } from '../../repository/parity/run-parity-update.ts'
import type { Repository } from '../../repository/repository.ts'
import { underLease } from '../../repository/under-lease.ts'
import { findArchives, type FoundArchive } from './find-archives.ts'
import {
  AlreadyPresent,
  importArchive,
  previewArchive,
  type ArchiveWatch,
  type TakenArchive,
} from './import-archive.ts'
import type { ImportedArchive, ImportOptions, ImportResult } from './import-options.ts'
import { emptyHistory, readHistory, type History } from './read-history.ts'
import { isStillVerified, recordFailures, recordImport } from './record-import.ts'

const progressMs = 100

/**
 * Brings archives into the repository as snapshots with their own ids, dates, types and descriptions. What is there already is left alone, so that it may be run
 * again. An archive that cannot be taken is told and skipped, and nothing of it is to be seen.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND` for paths that are not there
 * @throws {RepositoryError} on any fault of the repository; what was imported before stays
 */
export async function importArchives(
  repository: Repository,
  options: ImportOptions,
): Promise<ImportResult> {
  options.signal?.throwIfAborted()
  const history =
    options.historyFile === undefined ? emptyHistory : await readHistory(options.historyFile)
  const result = await new ImportRun(repository, options, history).run()
  if (options.dryRun !== true && result.archives.some(({ outcome }) => outcome === 'imported')) {
    await followWithParity(repository, options)
    await refillReserve(repository.storage)
  }
  return result
}

class ImportRun {
  readonly #repository: Repository
  readonly #options: ImportOptions
  readonly #history: History
  readonly #startedMs = performance.now()
  #bytesDone = 0
  #bytesTotal = 0
  #archivesDone = 0
  #archivesTotal = 0
  #refused = 0
  #toldMs = 0

  constructor(repository: Repository, options: ImportOptions, history: History) {
    this.#repository = repository
    this.#options = options
    this.#history = history
  }

  async run(): Promise<ImportResult> {
    const { dryRun, actor, paths } = this.#options
    const found = findArchives(paths, this.#history)
    this.#archivesTotal = found.length
    this.#bytesTotal = found.reduce((sum, { bytes }) => sum + bytes, 0)
    const archives: ImportedArchive[] = []
    for (const archive of found) {
      archives.push(await this.#take(archive))
      this.#archivesDone += 1
      this.#tell(true)
    }
    const records = [...this.#history.records.values()]
    const ids = new Set(found.map(({ backupId }) => backupId))
    const failed = records.filter(({ status }) => status === 'failed').length
    return {
      archives,
      failuresRecorded:
        dryRun === true ? failed : await recordFailures(this.#repository, this.#history, actor),
      expired: records.filter(({ status }) => status === 'expired').length,
      missing: records
        .filter(({ status }) => status !== 'failed' && status !== 'expired')
        .map(({ backupId }) => backupId)
        .filter((id) => !ids.has(id) && !this.#isPresent(id)),
      brokenLines: this.#history.brokenLines,
      durationMs: performance.now() - this.#startedMs,
    }
  }

  async #take(found: FoundArchive): Promise<ImportedArchive> {
    const { backupId, record, bytes } = found
    if (backupId !== undefined && this.#isPresent(backupId)) {
      this.#bytesDone += bytes
      return this.#result(found, 'present', '')
    }
    if (record?.status === 'failed') {
      this.#bytesDone += bytes
      return this.#result(found, 'failed run', '')
    }
    try {
      return this.#options.dryRun === true ? await this.#preview(found) : await this.#import(found)
    } catch (error) {
      if (error instanceof AlreadyPresent) {
        return this.#result({ ...found, backupId: error.backupId }, 'present', '')
      }
      if (!isOfArchive(error)) throw error
      this.#refused += 1
      const message = error instanceof ArchiveFault ? error.message : (error.code ?? String(error))
      const path = Buffer.from(found.path)
      this.#options.onEvent?.({ type: 'failure', path, message: `skipped: ${message}` })
      return this.#result(found, 'refused', message)
    }
  }

  async #preview(found: FoundArchive): Promise<ImportedArchive> {
    const taken = await previewArchive(found, this.#options, this.#watch())
    return this.#taken(found, taken, null)
  }

  async #import(found: FoundArchive): Promise<ImportedArchive> {
    const { actor } = this.#options
    return await underLease(this.#repository, 'shared', 'import', async (lease) => {
      const taken = await importArchive(
        this.#repository,
        lease,
        found,
        this.#options,
        this.#watch(),
      )
      const { saved, checksum } = taken
      await recordImport(this.#repository, saved, found, { checksum, actor })
      return this.#taken(found, taken, saved.id)
    })
  }

  #taken(found: FoundArchive, taken: TakenArchive, snapshotId: string | null): ImportedArchive {
    const { identity, counts, notices } = taken
    const path = Buffer.from(found.path)
    for (const message of notices) this.#options.onEvent?.({ type: 'notice', path, message })
    return {
      archive: found.path,
      outcome: 'imported',
      backupId: identity.backupId,
      snapshotId,
      type: identity.type,
      startedAtMs: identity.startedAtMs,
      files: counts.files,
      bytes: counts.bytes,
      isVerified: isStillVerified(found.record),
      message: '',
    }
  }

  #result(
    { path, backupId, record }: FoundArchive,
    outcome: ImportedArchive['outcome'],
    message: string,
  ): ImportedArchive {
    return {
      archive: path,
      outcome,
      backupId: backupId ?? null,
      snapshotId: null,
      type: record?.type ?? null,
      startedAtMs: record?.createdAtMs ?? null,
      files: 0,
      bytes: 0,
      isVerified: false,
      message,
    }
  }

  #isPresent(backupId: string): boolean {
    return this.#repository.catalogue.snapshots.findByBackupId(backupId).length > 0
  }

  #watch(): ArchiveWatch {
    return {
      isPresent: (backupId) => this.#isPresent(backupId),
      onBytes: (bytes) => {
        this.#bytesDone += bytes
        this.#tell(false)
      },
    }
  }

  #tell(isForced: boolean): void {
    const nowMs = performance.now()
    if (!isForced && nowMs - this.#toldMs < progressMs) return
    this.#toldMs = nowMs
    this.#options.onEvent?.({
      type: 'progress',
      phase: 'importing',
      filesDone: this.#archivesDone,
      filesTotal: this.#archivesTotal,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      errors: this.#refused,
    })
  }
}

/** What is wrong with the archive itself; anything else is the repository's, or the end of the run. */
function isOfArchive(error: unknown): error is ArchiveFault | NodeJS.ErrnoException {
  if (error instanceof ArchiveFault) return true
  const { code, syscall } = error as NodeJS.ErrnoException
  return typeof code === 'string' && (syscall === 'open' || syscall === 'read')
}
