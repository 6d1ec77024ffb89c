import { DirectoryReader, type PageReference } from '../../format/tree/directory-reader.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import { compareNames } from '../../format/tree/names.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath, topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { joinPath } from './find-pattern.ts'
import { listedEntry, type ListedEntry } from './list-tree.ts'

export interface ListDirectoryOptions {
  /** Most entries to give; default 1000. */
  readonly limit?: number
  /** `nextCursor` of the answer before, for the same directory. */
  readonly cursor?: string
  /** Without a cursor: begin with this entry, counted from 0. */
  readonly offset?: number
}

export interface DirectoryListing {
  /** From the root of the snapshot, without a leading slash; empty for the root. */
  readonly path: Buffer
  /** In the order of the bytes of their names. */
  readonly items: readonly ListedEntry[]
  readonly nextCursor: string | null
  /** Entries of the whole directory. */
  readonly total: number
}

const limitDefault = 1_000

/**
 * A part of a directory, whatever its size: only the pages that hold the part are read. A path that is a file gives that file.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND`; `USAGE` for a cursor that is none
 * @throws {RepositoryError} when a page is lost
 */
export function listDirectory(
  repository: Repository,
  snapshot: Snapshot,
  path: Buffer,
  { limit = limitDefault, cursor, offset = 0 }: ListDirectoryOptions = {},
): DirectoryListing {
  const after = readCursor(cursor)
  const found = findPath(repository, snapshot, path)
  const components = found.kind === 'root' ? [] : found.components
  const directory = components.reduce(joinPath, Buffer.alloc(0))
  if (found.kind === 'entry' && !isDirectory(found.page.mode(found.index))) {
    const entry = listedEntry(found.page, found.index, withSlash(directory))
    return { path: directory, items: [entry], nextCursor: null, total: 1 }
  }
  const top = found.kind === 'root' ? found.top : topPageOf(found.page, found.index)
  const reader = new DirectoryReader(
    (id, bytes) => Buffer.from(repository.trees.readTree(id, bytes)),
    Number.MAX_SAFE_INTEGER,
  )
  const total = reader.count(top)
  const items: ListedEntry[] = []
  for (const [page, first] of pagesOf(reader, top, after ?? offset)) {
    for (let index = first; index < page.entryCount; index++) {
      const name = page.name(index)
      if (after !== undefined && compareNames(name, after) <= 0) continue
      if (items.length === limit) {
        const last = items[items.length - 1].path
        return { path: directory, items, nextCursor: cursorOf(last), total }
      }
      items.push(listedEntry(page, index, withSlash(joinPath(directory, Buffer.from(name)))))
    }
  }
  return { path: directory, items, nextCursor: null, total }
}

/** The pages behind a name, or from an entry on, each with the number of its first entry that counts. */
function* pagesOf(
  reader: DirectoryReader,
  top: PageReference,
  start: Buffer | number,
): Generator<readonly [TreePage, number], void> {
  if (typeof start === 'number') yield* reader.pagesFrom(top, start)
  else for (const page of reader.pages(top, start)) yield [page, 0]
}

function withSlash(path: Buffer): Buffer {
  return Buffer.concat([Buffer.from('/'), path])
}

function cursorOf(path: Buffer): string {
  return path.subarray(path.lastIndexOf(0x2f) + 1).toString('base64url')
}

function readCursor(cursor: string | undefined): Buffer | undefined {
  if (cursor === undefined) return undefined
  const name = Buffer.from(cursor, 'base64url')
  if (name.length === 0 || name.toString('base64url') !== cursor) {
    throw new HoldfastError('USAGE', `Cannot continue a list at "${cursor}": that is no cursor`, {
      remedy: 'Give the cursor that came with the answer before',
    })
  }
  return name
}
