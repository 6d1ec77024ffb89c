import { availableParallelism } from 'node:os'

import { tarBlockBytes, tarRecordBytes } from '../../format/archive/archive-entry.ts'
import { GzipWriter } from '../../format/archive/gzip-writer.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { underLease } from '../../repository/under-lease.ts'
import { writeTree, type WrittenTree } from './write-tree.ts'

export interface ArchiveSelection {
  readonly snapshot: Snapshot
  /** Files and folders; everything without any. */
  readonly paths: readonly Buffer[]
}

export interface ArchiveStreaming {
  /** Takes the archive piece by piece; the next one comes when it has resolved. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void>
  readonly signal: AbortSignal
}

/** Somebody waits for it. */
const level = 3
const threadsMax = 4

/** The paths as the tree names them. @throws {HoldfastError} `PATH_NOT_FOUND` */
export function selectedPaths(
  repository: Repository,
  { snapshot, paths }: ArchiveSelection,
): Buffer[] {
  return paths.map((path) => {
    const found = findPath(repository, snapshot, path)
    const names = found.kind === 'root' ? [] : found.components
    return Buffer.concat(
      names.flatMap((name, at) => (at === 0 ? [name] : [Buffer.from('/'), name])),
    )
  })
}

/**
 * Makes a tar.gz of a selection and hands it on as it comes into being; nothing of it is kept.
 *
 * @throws {RepositoryError} when something of it is lost; what was handed on until then is no whole archive
 */
export async function streamArchive(
  repository: Repository,
  selection: ArchiveSelection,
  { onBytes, signal }: ArchiveStreaming,
): Promise<WrittenTree> {
  const chosen = selectedPaths(repository, selection)
  const isAll = chosen.length === 0 || chosen.some((path) => path.length === 0)
  const gzip = new GzipWriter({
    level,
    threads: Math.min(threadsMax, availableParallelism()),
    onBytes,
  })
  return await underLease(
    repository,
    'shared',
    'export',
    async () => {
      const tree = await writeTree(repository, selection.snapshot, {
        gzip,
        signal,
        onProgress: () => undefined,
        ...(!isAll && { isWanted: (path, isFolder) => isSelected(chosen, path, isFolder) }),
      })
      gzip.write(Buffer.alloc(2 * tarBlockBytes))
      const rest = gzip.totalBytes % tarRecordBytes
      gzip.write(Buffer.alloc(rest === 0 ? 0 : tarRecordBytes - rest))
      await gzip.finish()
      return tree
    },
    { mayOnlyRead: true },
  )
}

/** At or below a selected one; a folder also above one. */
function isSelected(chosen: readonly Buffer[], path: Buffer, isFolder: boolean): boolean {
  return chosen.some((one) => isAtOrBelow(path, one) || (isFolder && isAtOrBelow(one, path)))
}

const slash = 0x2f

function isAtOrBelow(path: Buffer, above: Buffer): boolean {
  if (path.length < above.length || !path.subarray(0, above.length).equals(above)) return false
  return path.length === above.length || path[above.length] === slash
}
