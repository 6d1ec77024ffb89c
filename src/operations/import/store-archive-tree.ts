import { DirectoryWriter, type StoredDirectory } from '../../format/tree/directory-writer.ts'
import { EntryDraft } from '../../format/tree/entry-draft.ts'
import { ArchiveFolder } from './archive-tree.ts'
import type { EntryRecords } from './entry-records.ts'

interface Frame {
  readonly name: string
  readonly folder: ArchiveFolder
  readonly waiting: [name: string, folder: ArchiveFolder][]
  readonly stored: Map<string, StoredDirectory>
}

/** What directories get that no member speaks of. */
export interface ImpliedDirectory {
  readonly uid: number
  readonly gid: number
  readonly mtimeSeconds: number
}

const impliedMode = 0o040755

/** Stores the directories of an archive from the leaves up. An explicit stack takes trees of any depth. @returns the root */
export function storeArchiveTree(
  root: ArchiveFolder,
  records: EntryRecords,
  implied: ImpliedDirectory,
  storeTree: (bytes: Buffer) => Buffer,
): StoredDirectory {
  const writer = new DirectoryWriter(storeTree)
  const draft = new EntryDraft()
  const stack: Frame[] = [openFrame('', root)]
  for (;;) {
    const frame = stack[stack.length - 1]
    const below = frame.waiting.pop()
    if (below) {
      stack.push(openFrame(...below))
      continue
    }
    for (const [name, child] of sortedChildren(frame.folder)) {
      if (typeof child === 'number') records.fill(child, draft)
      else fillDirectory(draft, child, frame.stored.get(name), { records, implied })
      draft.setName(Buffer.from(name, 'latin1'))
      writer.append(draft)
    }
    const stored = writer.finish()
    stack.pop()
    const above = stack.at(-1)
    if (!above) return stored
    above.stored.set(frame.name, stored)
  }
}

function openFrame(name: string, folder: ArchiveFolder): Frame {
  const waiting = [...folder.children].filter(
    (child): child is [string, ArchiveFolder] => child[1] instanceof ArchiveFolder,
  )
  return { name, folder, waiting, stored: new Map() }
}

/** In the order of bytes, which is that of latin1 text. */
function sortedChildren({ children }: ArchiveFolder): [string, ArchiveFolder | number][] {
  return [...children].sort(([left], [right]) => (left < right ? -1 : 1))
}

function fillDirectory(
  draft: EntryDraft,
  folder: ArchiveFolder,
  stored: StoredDirectory | undefined,
  { records, implied }: { records: EntryRecords; implied: ImpliedDirectory },
): void {
  if (!stored) throw new RangeError('A directory was not stored before the one above it')
  if (folder.record === undefined) {
    draft.clear()
    draft.mode = impliedMode
    draft.uid = implied.uid
    draft.gid = implied.gid
    draft.mtimeLow = implied.mtimeSeconds >>> 0
    draft.mtimeHigh = Math.floor(implied.mtimeSeconds / 0x1_0000_0000)
  } else {
    records.fill(folder.record, draft)
  }
  draft.size = stored.totalSize
  draft.setContent(stored.id, Float64Array.of(stored.bytes))
}
