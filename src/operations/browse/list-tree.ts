import { isSymbolicLink } from '../../format/tree/entry-kind.ts'
import { flagHardLinked } from '../../format/tree/entry-flags.ts'
import { decodeExtras } from '../../format/tree/extras.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath, topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf, walkedPath, walkTree } from '../../repository/tree-walk.ts'

/** One line of a listing. */
export interface ListedEntry {
  /** From the root of the snapshot, without a leading slash. */
  readonly path: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes; for a directory the sum of the regular files below it. */
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  readonly isHardLinked: boolean
  readonly linkTarget?: Buffer
  readonly device?: { readonly major: number; readonly minor: number }
}

/**
 * Lists a folder of a snapshot, or everything below it, in the order of names; a path that is a file gives that file.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 * @throws {RepositoryError} when a page is lost
 */
export function* listTree(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
  options: { readonly recursive?: boolean } = {},
): Generator<ListedEntry, void, undefined> {
  const found = findPath(repository, snapshot, path)
  let prefix: Buffer = Buffer.alloc(0)
  let top = found.kind === 'root' ? found.top : undefined
  if (found.kind === 'entry') {
    const { page, index, components } = found
    prefix = Buffer.concat(components.flatMap((name) => [Buffer.from('/'), name]))
    if (!isDirectory(page.mode(index))) {
      yield listedEntry(page, index, prefix)
      return
    }
    top = topPageOf(page, index)
  }
  if (!top) return
  const walk = walkTree(repository, top, entryCountOf(snapshot), {
    enter: () => options.recursive === true,
  })
  for (const { directory, page } of walk) {
    for (let index = 0; index < page.entryCount; index++) {
      const below = walkedPath(directory, page.name(index))
      yield listedEntry(page, index, prefix.length === 0 ? below : Buffer.concat([prefix, below]))
    }
  }
}

/** @param path with a leading slash */
export function listedEntry(page: TreePage, index: number, path: Buffer): ListedEntry {
  const mode = page.mode(index)
  const { linkTarget, device } = decodeExtras(page, index)
  return {
    path: path.subarray(1),
    mode,
    uid: page.uid(index),
    gid: page.gid(index),
    size: page.sizeOf(index),
    mtimeSeconds: page.mtimeSeconds(index),
    mtimeNs: page.mtimeNs(index),
    isHardLinked: (page.flags(index) & flagHardLinked) !== 0,
    ...(isSymbolicLink(mode) && linkTarget ? { linkTarget } : {}),
    ...(device ? { device } : {}),
  }
}
