import { ArchiveFault } from '../../format/archive/archive-entry.ts'
import { createChunker } from '../../format/chunker/chunker.ts'
import { SourceError } from '../../foundation/errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { BlobSession } from '../../repository/blob-session.ts'
import type { Lease } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { storeSnapshot, withoutThreads } from '../../repository/store-snapshot.ts'
import { FileContent } from '../../repository/file-content.ts'
import { StreamCutter } from '../../repository/stream-cutter.ts'
import { ArchiveIntake, type ContentStore } from './archive-intake.ts'
import {
  composeManifest,
  identifyImport,
  importedPaths,
  type ImportIdentity,
} from './compose-manifest.ts'
import { countTree, type TreeCounts } from './count-tree.ts'
import type { FoundArchive } from './find-archives.ts'
import type { ImportOptions } from './import-options.ts'
import { readArchive } from './read-archive.ts'
import { storeArchiveTree } from './store-archive-tree.ts'
import type { Unflattened } from './unflatten.ts'

const entriesMaxDefault = 5_000_000
const bytesMaxFloor = 16 * 1024 ** 3
const unpackRatioMax = 200
const windowBytesMin = 4 * 1024 * 1024

/** An archive that was read to its end and is what it should be. */
export interface TakenArchive {
  readonly identity: ImportIdentity
  readonly counts: TreeCounts
  /** MD5, hex. */
  readonly checksum: string
  readonly notices: readonly string[]
}

interface ReadArchive extends TakenArchive {
  readonly intake: ArchiveIntake
  readonly unflattened: Unflattened
}

/** How the work on one archive is followed, and stopped. */
export interface ArchiveWatch {
  readonly onBytes: (bytes: number) => void
  /** For archives that tell their id only inside. */
  readonly isPresent: (backupId: string) => boolean
}

/** The archive's backup is there already. */
export class AlreadyPresent extends Error {
  readonly backupId: string

  constructor(backupId: string) {
    super(`${backupId} is there already`)
    this.name = 'AlreadyPresent'
    this.backupId = backupId
  }
}

/**
 * Reads an archive and stores nothing.
 *
 * @throws {ArchiveFault} when it is refused
 */
export async function previewArchive(
  found: FoundArchive,
  options: ImportOptions,
  watch: ArchiveWatch,
): Promise<TakenArchive> {
  return await takeIn(found, options, watch, { store: null, settle: () => Promise.resolve() })
}

/**
 * Makes a snapshot of an archive, as it comes off the disk: nothing is unpacked. The snapshot is durable when the promise resolves.
 *
 * @throws {ArchiveFault} when it is refused; then there is no snapshot
 * @throws {RepositoryError} on any fault of the repository
 */
export async function importArchive(
  repository: Repository,
  lease: Lease,
  found: FoundArchive,
  options: ImportOptions,
  watch: ArchiveWatch,
): Promise<TakenArchive & { readonly saved: Snapshot }> {
  let taken: ReadArchive | undefined
  const { saved } = await storeSnapshot(repository, lease, {
    signal: options.signal,
    onEvent: options.onEvent,
    chooseParent: () => null,
    openPool: () => withoutThreads,
    store: async ({ session }) => {
      taken = await takeIn(found, options, watch, storing(repository, session))
      const { intake, unflattened, identity } = taken
      const implied = {
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        mtimeSeconds: Math.floor(identity.startedAtMs / 1000),
      }
      try {
        return storeArchiveTree(unflattened.tree.root, intake.records, implied, (bytes) =>
          session.store.storeTree(bytes),
        )
      } catch (error) {
        if (error instanceof SourceError) throw new ArchiveFault(error.message, { cause: error })
        throw error
      }
    },
    manifest: (stored) => {
      if (!taken) throw new RangeError('Nothing was stored')
      const { identity, counts, intake, unflattened } = taken
      const paths = importedPaths(unflattened.tree.root, intake.origin, options.base)
      return composeManifest(identity, paths, options.base, { stored, counts })
    },
  })
  if (!taken) throw new RangeError('Nothing was stored')
  const { identity, counts, checksum, notices } = taken
  return { identity, counts, checksum, notices, saved }
}

interface Storing {
  readonly store: ContentStore | null
  readonly settle: () => Promise<void>
}

function storing({ context }: Repository, session: BlobSession): Storing {
  const parameters = { averageBytes: context.chunkAverageBytes }
  const windowBytes = Math.max(windowBytesMin, context.chunkAverageBytes * 24)
  const chunker = createChunker(parameters, context.keys.chunkerSecret, windowBytes)
  const content = new FileContent((bytes) => session.store.storeTree(bytes))
  return {
    store: { content, cutter: new StreamCutter(chunker, content, session.store) },
    settle: () => session.packs.settle(),
  }
}

async function takeIn(
  found: FoundArchive,
  options: ImportOptions,
  watch: ArchiveWatch,
  { store, settle }: Storing,
): Promise<ReadArchive> {
  const { record } = found
  const intake = new ArchiveIntake(
    {
      entriesMax: options.entriesMax ?? entriesMaxDefault,
      bytesMax: options.bytesMax ?? Math.max(bytesMaxFloor, found.bytes * unpackRatioMax),
    },
    store,
  )
  const checksum = await readArchive(found.path, {
    handler: intake,
    signal: options.signal,
    settle,
    onBytes: watch.onBytes,
  })
  if (record && record.checksum !== '' && record.checksum !== checksum) {
    throw new ArchiveFault(`its MD5 is ${checksum}, and the history says ${record.checksum}`)
  }
  const identity = identifyImport(found, intake.origin, intake.newestMtimeSeconds)
  if (watch.isPresent(identity.backupId)) throw new AlreadyPresent(identity.backupId)
  const unflattened = intake.finish(record?.files ?? null)
  return {
    intake,
    unflattened,
    checksum,
    notices: unflattened.notices,
    counts: countTree(unflattened.tree.root, intake.records),
    identity,
  }
}
