import {
  DirectoryWriter,
  type StoredDirectory,
  type StoreTreeBlob,
} from '../../format/tree/directory-writer.ts'
import type { PageReference } from '../../format/tree/directory-reader.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import { column } from '../../format/tree/tree-limits.ts'
import type { TreePage } from '../../format/tree/tree-page.ts'
import { DamageError } from '../../foundation/errors.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import type { LostPaths } from './find-lost-paths.ts'
import { tolerantPages } from './tolerant-pages.ts'

/** Of the directories on the way to what is lost; no path of Linux comes near it. */
const depthMax = 4_000

/**
 * Writes a snapshot's tree anew without what is lost. Directories with nothing lost below them stay as they are, and so do pages of which
 * nothing changes.
 */
export function rebuildTree(
  repository: Repository,
  snapshot: Snapshot,
  lost: LostPaths,
  store: StoreTreeBlob,
): StoredDirectory {
  const rebuild = (top: PageReference, key: string, depth: number): StoredDirectory => {
    if (depth > depthMax) throw new DamageError('Cannot rebuild a tree: it is too deep')
    const writer = new DirectoryWriter(store)
    const lostNames = lost.filesIn.get(key)
    let last: Buffer | null = null
    for (const page of tolerantPages(repository, top, () => undefined)) {
      for (let index = 0; index < page.entryCount; index++) {
        const name = page.name(index)
        // Pages whose names overlap were never written by this program.
        if (last !== null && name.compare(last) <= 0) continue
        last = name
        if (lostNames?.has(name.toString('latin1'))) continue
        const below = `${key}/${name.toString('latin1')}`
        if (isDirectory(page.mode(index)) && lost.affected.has(below)) {
          const child = rebuild(topPageOf(page, index), below, depth + 1)
          writer.append(draftOf(page, index, child))
        } else writer.appendFrom(page, index)
      }
    }
    return writer.finish()
  }
  const { id, bytes } = snapshot.tree
  return rebuild({ id: Buffer.from(id, 'hex'), bytes }, '', 0)
}

function topPageOf(page: TreePage, index: number): PageReference {
  const reference = page.chunkOffsets[index]
  return { id: page.chunkId(reference), bytes: page.chunkBytes(reference) }
}

/** The same directory with another content. */
function draftOf(page: TreePage, index: number, child: StoredDirectory): EntryDraft {
  const draft = new EntryDraft()
  draft.mode = page.mode(index)
  draft.uid = page.uid(index)
  draft.gid = page.gid(index)
  draft.flags = page.flags(index)
  draft.size = child.totalSize
  draft.mtimeLow = page.word(column.mtimeLow, index)
  draft.mtimeHigh = page.word(column.mtimeHigh, index)
  draft.mtimeNs = page.mtimeNs(index)
  draft.setName(page.name(index))
  draft.setContent(child.id, Float64Array.of(child.bytes))
  draft.setExtras(page.extra(index))
  return draft
}
