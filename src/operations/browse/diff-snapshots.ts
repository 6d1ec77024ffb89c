import { createHash } from 'node:crypto'
import { isDirectory, isRegular, typeMask } from '../../format/tree/entry-kind.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import type { PageReference } from '../../format/tree/directory-reader.ts'
import { TimeSlice } from '../../foundation/time-slice.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { findPath, topPageOf } from '../../repository/find-entry.ts'
import type { Repository } from '../../repository/repository.ts'
import { pairEntries, type PageEntry } from './diff-pages.ts'
import { kindOf, type EntryKind } from './entry-kind-word.ts'
import { joinPath } from './find-pattern.ts'
import { matchRenames, type OneSided } from './match-renames.ts'
import { SmallestItems } from './smallest-items.ts'

export type ChangeKind = 'added' | 'removed' | 'modified' | 'renamed' | 'metadata'

/** What differs between two snapshots at one path. */
export interface Change {
  readonly change: ChangeKind
  /** From the root of the snapshots, without a leading slash; where it is gone, where it was. */
  readonly path: Buffer
  readonly oldPath: Buffer | null
  /** Bytes; a directory has the sum of the files below it, null where there is nothing. */
  readonly oldSize: number | null
  readonly newSize: number | null
  readonly kind: EntryKind
}

export interface DiffSummary {
  added: number
  removed: number
  modified: number
  renamed: number
  metadata: number
  /** Sizes of added files, and what modified ones grew. */
  bytesAdded: number
  bytesRemoved: number
}

export interface DiffOptions {
  /** Only at or below this path. */
  readonly path?: Buffer
  /** Also entries of which only owner, mode, times or attributes differ. */
  readonly metadata?: boolean
  /** Changes that wait for a rename to be found; beyond, what is gone and what is new is given as it is met. Default 200,000. */
  readonly heldMax?: number
  readonly signal?: AbortSignal
}

const heldMaxDefault = 200_000
const depthMax = 4_096

/**
 * What changed from one snapshot to another. Directories and pages that both have are skipped unopened. In the order of paths, unless there
 * are so many changes that they cannot be held: then the rest comes as it is met.
 *
 * @returns the summary, when everything was given
 * @throws {HoldfastError} `PATH_NOT_FOUND` when neither snapshot has the path
 * @throws {RepositoryError} when a page is lost
 */
export function* diffSnapshots(
  repository: Repository,
  from: Snapshot,
  to: Snapshot,
  options: DiffOptions = {},
): Generator<Change, DiffSummary, undefined> {
  const summary = emptySummary()
  for (const change of new Diff(repository, options).changes(from, to)) {
    if (change === null) continue
    count(summary, change)
    yield change
  }
  return summary
}

/** What changed, as a whole. */
export interface WholeDiff {
  /** In the order of paths; of more than were asked for, those that come first. */
  readonly changes: readonly Change[]
  /** Of all. */
  readonly summary: DiffSummary
}

/** Longer a server should not be kept from answering others. */
const sliceMs = 20

/** As `diffSnapshots`, with room for other work between directories. Fails when what it has yet to read is gone meanwhile. */
export async function diffInSlices(
  repository: Repository,
  [from, to]: readonly [Snapshot, Snapshot],
  { changesMax, ...options }: DiffOptions & { readonly changesMax: number },
): Promise<WholeDiff> {
  const summary = emptySummary()
  const changes = new SmallestItems(changesMax, inListedOrder)
  const slice = new TimeSlice(sliceMs)
  for (const change of new Diff(repository, options).changes(from, to)) {
    if (change !== null) {
      count(summary, change)
      changes.add(change)
    } else if (slice.isOver) await slice.pause()
  }
  return { changes: changes.sorted(), summary }
}

/** By path; where something else has come in place of what is gone, what is gone comes first. */
function inListedOrder(left: Change, right: Change): number {
  const order = Buffer.compare(left.path, right.path)
  if (order !== 0 || left.change === right.change) return order
  return left.change === 'removed' ? -1 : 1
}

/** Null where there is a good moment for a pause. */
type Steps = Generator<Change | null, void, undefined>

interface OpenDirectory {
  readonly path: Buffer
  readonly pairs: Generator<readonly [PageEntry | null, PageEntry | null], void, undefined>
}

class Diff {
  readonly #repository: Repository
  readonly #options: DiffOptions
  readonly #removed: OneSided[] = []
  readonly #added: OneSided[] = []
  /** Everything that only one side has is held. */
  #isWhole = true

  constructor(repository: Repository, options: DiffOptions) {
    this.#repository = repository
    this.#options = options
  }

  *changes(from: Snapshot, to: Snapshot): Steps {
    const { path = Buffer.alloc(0) } = this.#options
    const [before, after] = this.#tops(from, to, path)
    if (!before && !after) return
    const held: Change[] = []
    for (const change of this.#walk(before, after)) {
      if (change === null) yield null
      else if (held.length < this.#heldMax) held.push(change)
      else yield change
    }
    // As arguments of a call, so many would not fit on the stack.
    const all = held.concat(matchRenames(this.#removed, this.#added, this.#isWhole))
    yield* all.sort(inListedOrder)
  }

  get #heldMax(): number {
    return this.#options.heldMax ?? heldMaxDefault
  }

  #tops(from: Snapshot, to: Snapshot, path: Buffer): (Place | null)[] {
    const places = [from, to].map((snapshot) => placeIn(this.#repository, snapshot, path))
    const failure = places.find((place) => place instanceof HoldfastError)
    if (places.every((place) => place instanceof HoldfastError) && failure) throw failure
    return places.map((place) => (place instanceof HoldfastError ? null : place))
  }

  *#walk(before: Place | null, after: Place | null): Steps {
    const path = after?.path ?? before?.path ?? Buffer.alloc(0)
    yield* this.#compare(path, before?.entry ?? null, after?.entry ?? null)
    if (!before?.top || !after?.top) return
    const stack = [{ path, pairs: pairEntries(this.#repository, before.top, after.top) }]
    while (stack.length > 0) {
      const { path: directory, pairs } = stack[stack.length - 1]
      const next = pairs.next()
      if (next.done) {
        stack.pop()
        continue
      }
      this.#options.signal?.throwIfAborted()
      const [old, young] = next.value
      if (this.#isSame(old, young)) continue
      const at = joinPath(directory, nameOf(old ?? young))
      yield* this.#compare(at, old, young)
      const below = stack.length < depthMax ? this.#bothSides(at, old, young) : undefined
      if (!below) continue
      stack.push(below)
      yield null
    }
  }

  #bothSides(
    path: Buffer,
    old: PageEntry | null,
    young: PageEntry | null,
  ): OpenDirectory | undefined {
    if (!old || !young || !isFolder(old) || !isFolder(young)) return undefined
    const [before, after] = [topPageOf(old.page, old.index), topPageOf(young.page, young.index)]
    if (before.id.equals(after.id)) return undefined
    return { path, pairs: pairEntries(this.#repository, before, after) }
  }

  *#compare(path: Buffer, old: PageEntry | null, young: PageEntry | null): Steps {
    if (old && young && typeOf(old) === typeOf(young)) {
      const change = this.#changeOf(old, young)
      if (change) yield changeAt(path, change, old, young)
      return
    }
    if (old) yield* this.#oneSided('removed', path, old)
    if (young) yield* this.#oneSided('added', path, young)
  }

  *#oneSided(change: 'removed' | 'added', path: Buffer, entry: PageEntry): Steps {
    const held = change === 'removed' ? this.#removed : this.#added
    const all: Iterable<[Buffer, PageEntry]> = this.#withBelow(path, entry)
    for (const [at, one] of all) {
      if (isFolder(one)) yield null
      if (held.length < this.#heldMax) {
        held.push(oneSided(at, one))
        continue
      }
      this.#isWhole = false
      yield change === 'removed' ? changeAt(at, change, one, null) : changeAt(at, change, null, one)
    }
  }

  *#withBelow(path: Buffer, entry: PageEntry): Generator<[Buffer, PageEntry], void, undefined> {
    yield [path, entry]
    yield* this.#below(path, entry)
  }

  /** Everything below a directory that is on one side only. */
  *#below(path: Buffer, entry: PageEntry): Generator<[Buffer, PageEntry], void, undefined> {
    if (!isFolder(entry)) return
    const stack: OpenDirectory[] = [this.#oneSide(path, entry)]
    while (stack.length > 0) {
      const { path: directory, pairs } = stack[stack.length - 1]
      const next = pairs.next()
      if (next.done) {
        stack.pop()
        continue
      }
      this.#options.signal?.throwIfAborted()
      const below = next.value[1]
      if (!below) continue
      const at = joinPath(directory, nameOf(below))
      yield [at, below]
      if (isFolder(below) && stack.length < depthMax) stack.push(this.#oneSide(at, below))
    }
  }

  #oneSide(path: Buffer, { page, index }: PageEntry): OpenDirectory {
    return { path, pairs: pairEntries(this.#repository, null, topPageOf(page, index)) }
  }

  /** As are most entries of a directory that differs: for them no path is made. */
  #isSame(old: PageEntry | null, young: PageEntry | null): boolean {
    if (!old || !young || typeOf(old) !== typeOf(young) || isFolder(old)) return false
    return this.#changeOf(old, young) === undefined
  }

  #changeOf(old: PageEntry, young: PageEntry): ChangeKind | undefined {
    if (!isFolder(old) && !hasSameContent(old, young)) return 'modified'
    if (this.#options.metadata !== true) return undefined
    return hasSameMetadata(old, young) ? undefined : 'metadata'
  }
}

interface Place {
  readonly path: Buffer
  readonly entry: PageEntry | null
  readonly top: PageReference | null
}

function placeIn(repository: Repository, snapshot: Snapshot, path: Buffer): Place | HoldfastError {
  try {
    const found = findPath(repository, snapshot, path)
    if (found.kind === 'root') return { path: Buffer.alloc(0), entry: null, top: found.top }
    const { page, index, components } = found
    return {
      path: components.reduce(joinPath, Buffer.alloc(0)),
      entry: { page, index },
      top: isDirectory(page.mode(index)) ? topPageOf(page, index) : null,
    }
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'PATH_NOT_FOUND') return error
    throw error
  }
}

/** A copy: the view would keep the page. */
function nameOf(entry: PageEntry | null): Buffer {
  return entry ? Buffer.from(entry.page.name(entry.index)) : Buffer.alloc(0)
}

function isFolder({ page, index }: PageEntry): boolean {
  return isDirectory(page.mode(index))
}

function typeOf({ page, index }: PageEntry): number {
  return page.mode(index) & typeMask
}

/** Files by their references, which say the same for the same bytes; links and devices by what is in their extras. */
function hasSameContent(old: PageEntry, young: PageEntry): boolean {
  if (old.page.sizeOf(old.index) !== young.page.sizeOf(young.index)) return false
  if (!isRegular(old.page.mode(old.index))) {
    return old.page.extra(old.index).equals(young.page.extra(young.index))
  }
  return hasSameReferences(old, young)
}

/** As `contentKeyOf` tells, without making a key. */
function hasSameReferences(
  { page, index }: PageEntry,
  { page: other, index: at }: PageEntry,
): boolean {
  const references = page.chunkCountOf(index)
  if (references !== other.chunkCountOf(at)) return false
  if (depthOfFlags(page.flags(index)) !== depthOfFlags(other.flags(at))) return false
  const [first, firstOfOther] = [page.chunkOffsets[index], other.chunkOffsets[at]]
  for (let nth = 0; nth < references; nth++) {
    if (page.chunkBytes(first + nth) !== other.chunkBytes(firstOfOther + nth)) return false
  }
  const start = page.chunkIdsStart + idBytes * first
  const startOfOther = other.chunkIdsStart + idBytes * firstOfOther
  const length = idBytes * references
  const order = page.bytes.compare(
    other.bytes,
    startOfOther,
    startOfOther + length,
    start,
    start + length,
  )
  return order === 0
}

/** Equal for equal contents: depth of the lists, lengths and ids of all references. */
export function contentKeyOf({ page, index }: PageEntry): string {
  const lengths = page.chunkBytesOf(index).join()
  const ids = page.chunkIdsOf(index)
  const head = `${depthOfFlags(page.flags(index))} ${lengths}`
  if (ids.length <= idBytes) return `${head} ${ids.toString('latin1')}`
  return createHash('sha256').update(head).update(ids).digest('hex')
}

function hasSameMetadata(
  { page, index }: PageEntry,
  { page: other, index: at }: PageEntry,
): boolean {
  return (
    page.mode(index) === other.mode(at) &&
    page.uid(index) === other.uid(at) &&
    page.gid(index) === other.gid(at) &&
    page.mtimeSeconds(index) === other.mtimeSeconds(at) &&
    page.mtimeNs(index) === other.mtimeNs(at) &&
    hasSameExtra({ page, index }, { page: other, index: at })
  )
}

/** Most entries have none, and two views of nothing would be garbage for each. */
function hasSameExtra({ page, index }: PageEntry, { page: other, index: at }: PageEntry): boolean {
  const length = page.extraOffsets[index + 1] - page.extraOffsets[index]
  if (length !== other.extraOffsets[at + 1] - other.extraOffsets[at]) return false
  return length === 0 || page.extra(index).equals(other.extra(at))
}

function changeAt(
  path: Buffer,
  change: ChangeKind,
  old: PageEntry | null,
  young: PageEntry | null,
): Change {
  const known = young ?? old
  return {
    change,
    path,
    oldPath: null,
    oldSize: old && old.page.sizeOf(old.index),
    newSize: young && young.page.sizeOf(young.index),
    kind: kindOf(known ? known.page.mode(known.index) : 0),
  }
}

function oneSided(path: Buffer, entry: PageEntry): OneSided {
  const { page, index } = entry
  const size = page.sizeOf(index)
  const kind = kindOf(page.mode(index))
  const content = kind === 'file' ? contentKeyOf(entry) : page.extra(index).toString('latin1')
  return { path, size, kind, content: kind === 'directory' ? '' : content }
}

export function emptySummary(): DiffSummary {
  return {
    added: 0,
    removed: 0,
    modified: 0,
    renamed: 0,
    metadata: 0,
    bytesAdded: 0,
    bytesRemoved: 0,
  }
}

function count(summary: DiffSummary, { change, kind, oldSize, newSize }: Change): void {
  summary[change] += 1
  if (kind !== 'file' || change === 'renamed') return
  const grown = (newSize ?? 0) - (oldSize ?? 0)
  if (grown > 0) summary.bytesAdded += grown
  else summary.bytesRemoved -= grown
}
