import { decodePathText } from '../../format/manifest/path-text.ts'
import type { PageReference } from '../../format/tree/directory-reader.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath, rootOf, topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'

/** What a restore takes out of the tree, and where it goes. */
export interface RestorePlace {
  /** Folder to write into. */
  readonly target: Buffer
  /** Components of the restored folder in the snapshot, for the patterns. */
  readonly prefix: readonly Buffer[]
  readonly source:
    | { readonly kind: 'directory'; readonly top: PageReference; readonly entry: EntryPlace | null }
    | { readonly kind: 'entry'; readonly entry: EntryPlace }
}

export interface EntryPlace {
  readonly page: TreePage
  readonly index: number
}

/**
 * Works out where things go. Without a target everything returns to where it was: below the snapshot's base. With one, a whole snapshot
 * keeps its paths below the target, a folder that is named gives its contents to the target, and a file goes into it.
 *
 * @throws {HoldfastError} `PATH_NOT_FOUND`
 */
export function placeRestore(
  repository: Repository,
  snapshot: Snapshot,
  options: { path?: Buffer | undefined; target?: Buffer | undefined },
): RestorePlace {
  const base = decodePathText(snapshot.base)
  const found = options.path ? findPath(repository, snapshot, options.path) : null
  if (!found || found.kind === 'root') {
    return {
      target: options.target ?? base,
      prefix: [],
      source: { kind: 'directory', top: rootOf(snapshot), entry: null },
    }
  }
  const { page, index, components } = found
  const entry = { page, index }
  if (isDirectory(page.mode(index))) {
    return {
      target: options.target ?? join(base, components),
      prefix: components,
      source: { kind: 'directory', top: topPageOf(page, index), entry },
    }
  }
  const parents = components.slice(0, -1)
  return {
    target: options.target ?? join(base, parents),
    prefix: parents,
    source: { kind: 'entry', entry },
  }
}

function join(base: Buffer, components: readonly Buffer[]): Buffer {
  const parts = components.flatMap((component) => [Buffer.from('/'), component])
  const start = base.equals(Buffer.from('/')) ? Buffer.alloc(0) : base
  return parts.length === 0 ? base : Buffer.concat([start, ...parts])
}
