import { TargetError } from '../../foundation/errors.ts'
import type { DirectoryHandle } from '../../filesystem/write/held-directories.ts'
import type { SafeWriter } from '../../filesystem/write/safe-writer.ts'
import type { FileMetadata } from '../../filesystem/metadata/file-metadata.ts'
import { DirectoryReader, type PageReference } from '../../format/tree/directory-reader.ts'
import { isDirectory } from '../../format/tree/entry-kind.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { isLoss } from '../../repository/loss.ts'
import { topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { entryCountOf } from '../../repository/tree-walk.ts'
import { entryMetadata } from './entry-metadata.ts'
import type { DeletionRule } from './deletion-rule.ts'
import type { RestoreTally } from './restore-tally.ts'
import type { EntryPlace } from './restore-target.ts'

export interface FinishOptions {
  readonly repository: Repository
  readonly writer: SafeWriter
  readonly snapshot: Snapshot
  readonly top: PageReference
  /** Entry of the restored folder itself; null for a snapshot's root, whose metadata is not saved. */
  readonly entry: EntryPlace | null
  /** By the path below the target, names joined by slashes, one character for each byte. */
  readonly isTouched: (path: string) => boolean
  /** What may be removed because the snapshot does not have it; null for nothing. */
  readonly deletion: DeletionRule | null
  readonly tally: RestoreTally
}

interface Frame {
  readonly handle: DirectoryHandle
  readonly path: string
  readonly metadata: FileMetadata | undefined
  /** Directories below that are still to be done. */
  readonly children: { name: Buffer; top: PageReference; metadata: FileMetadata }[]
}

/**
 * Gives every restored folder its metadata, from the leaves up: writing into a folder moves its times, and its owner may be one who could
 * not have been written for.
 */
export function finishDirectories(options: FinishOptions): void {
  const { writer, entry } = options
  const reader = new DirectoryReader(
    (id, bytes) => options.repository.trees.readTree(id, bytes),
    entryCountOf(options.snapshot),
  )
  const rootMetadata = entry ? entryMetadata(entry.page, entry.index) : undefined
  const stack: Frame[] = [
    openFrame(options, reader, writer.target, {
      path: '',
      top: options.top,
      metadata: rootMetadata,
    }),
  ]
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]
    const child = frame.children.pop()
    if (!child) {
      stack.pop()
      leave(options, frame)
      continue
    }
    const name = child.name.toString('latin1')
    const path = frame.path === '' ? name : `${frame.path}/${name}`
    if (!options.isTouched(path)) continue
    try {
      const handle = writer.returnToDirectory(frame.handle, child.name)
      stack.push(openFrame(options, reader, handle, { ...child, path }))
    } catch (error) {
      if (!(error instanceof TargetError)) throw error
      // The files below have told of it already.
      options.tally.fail(error.message)
    }
  }
}

function openFrame(
  options: FinishOptions,
  reader: DirectoryReader,
  handle: DirectoryHandle,
  place: { path: string; top: PageReference; metadata: FileMetadata | undefined },
): Frame {
  const { path, top, metadata } = place
  const children: Frame['children'] = []
  const names = new Set<string>()
  try {
    for (const page of reader.pages(top)) {
      for (let index = 0; index < page.entryCount; index++) {
        if (options.deletion) names.add(page.name(index).toString('latin1'))
        if (!isDirectory(page.mode(index))) continue
        children.push({
          name: Buffer.from(page.name(index)),
          top: topPageOf(page, index),
          metadata: entryMetadata(page, index),
        })
      }
    }
    if (options.deletion?.appliesTo(path) && !handle.isCreated) {
      const { deletion } = options
      const keeps = (name: Buffer): boolean =>
        names.has(name.toString('latin1')) || deletion.spares(path, name)
      options.tally.remove(options.writer.removeOthers(handle, keeps))
    }
  } catch (error) {
    if (!isLoss(error) && !(error instanceof TargetError)) throw error
    // A folder whose pages are lost keeps what it has; the loss was reported with its files.
    if (error instanceof TargetError) options.tally.fail(error.message)
  }
  return { handle, path, metadata, children }
}

function leave(options: FinishOptions, frame: Frame): void {
  options.tally.directory()
  try {
    options.writer.leaveDirectory(frame.handle, frame.metadata)
  } catch (error) {
    if (!(error instanceof TargetError)) throw error
    options.tally.fail(error.message)
  }
}
