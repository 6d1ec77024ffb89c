import { isHole } from '../../format/tree/check-tree-page.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import { depthOfFlags } from '../../format/tree/entry-flags.ts'
import { isRegular } from '../../format/tree/entry-kind.ts'
import type { PackRow } from '../../catalogue/blob-location.ts'
import { DamageError, type RepositoryError } from '../../foundation/errors.ts'
import { idBytes, idWords } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../repository.ts'
import { isLoss, isUnavailable } from '../loss.ts'
import type { MetReferences } from '../met-references.ts'
import { blobKinds } from '../segment-buffer.ts'
import type { Damage } from './damage.ts'
import { entryCountOf, walkedPath, walkTree, type WalkedPage } from '../tree-walk.ts'

/** Ids looked up at once: enough for the look-up to go through the table in order. */
const idsPerLookup = 8192

/** Told of each file's reference: `packRow` is 0 when the blob is unknown. */
export type OnReference = (
  reference: { packRow: number; segment: number; id: Buffer },
  file: { walked: WalkedPage; index: number; offset: number; lengthBytes: number },
) => void

/** The segments that a set of snapshots needs, by pack. */
export class ReachableSegments {
  readonly #repository: Repository
  readonly #wanted = new Map<number, { pack: PackRow; segments: Uint8Array }>()

  constructor(repository: Repository) {
    this.#repository = repository
  }

  get packs(): Iterable<{ pack: PackRow; segments: Uint8Array }> {
    return this.#wanted.values()
  }

  mark(packRow: number, segment: number): void {
    let entry = this.#wanted.get(packRow)
    if (!entry) {
      const { blobs } = this.#repository.catalogue
      const pack = blobs.pack(packRow)
      if (!pack) return
      entry = { pack, segments: new Uint8Array(blobs.segments(packRow).length) }
      this.#wanted.set(packRow, entry)
    }
    entry.segments[segment] = 1
  }
}

/** Told of a directory or a list of chunks that cannot be read; what lies below is unknown. */
export type OnTreeDamage = (
  damage: Damage & { readonly path: Buffer },
  error?: RepositoryError,
) => void

export interface WalkObserver {
  readonly onReference: OnReference
  readonly onDamage: OnTreeDamage
  /** Told of a directory or list that the storage failed to give, and the walk goes on; without it the walk ends. */
  readonly onFault?: (error: RepositoryError) => void
  /** What was found to be right before; shared by the walks of several snapshots. */
  readonly met?: MetReferences
  /** Told of what `met` knows, instead of `onReference`: in no order, and with nothing that has to be made for each of a million. */
  readonly onMet?: (packRow: number, segment: number) => void
  /** Entries and references to look at; the walk ends there and tells of it as of damage. */
  readonly stepsMax?: number
}

/**
 * Goes through every data reference of a snapshot. Tree pages and content lists are read, opened and hashed on the way.
 *
 * @param seen directories and lists that are not gone through again; those of this walk are added. Folders and lists may be shared so
 *   that a few of them stand for 2^53 files: who only wants to know of every blob once has to give it
 * @returns how many entries and references were looked at
 */
export function walkReferences(
  repository: Repository,
  snapshot: Snapshot,
  observer: WalkObserver,
  seen?: Set<string>,
): number {
  const walk = walkReferencesByPage(repository, snapshot, observer, seen)
  for (let step = walk.next(); ; step = walk.next()) if (step.done === true) return step.value
}

/** As `walkReferences`, with a moment for a pause after each page. */
export function* walkReferencesByPage(
  repository: Repository,
  snapshot: Snapshot,
  observer: WalkObserver,
  seen?: Set<string>,
): Generator<void, number, undefined> {
  const isLost = observer.onFault ? isUnavailable : isLoss
  const top = { id: Buffer.from(snapshot.tree.id, 'hex'), bytes: snapshot.tree.bytes }
  const steps = new Steps(observer.stepsMax ?? Number.MAX_SAFE_INTEGER)
  const tell = (path: Buffer, error: RepositoryError): void => {
    if (!isLoss(error)) observer.onFault?.(error)
    else observer.onDamage({ snapshotId: snapshot.id, path, message: error.message }, error)
  }
  const batch = new ReferenceBatch(repository, observer, (file) => {
    const { walked, index, offset, lengthBytes } = file
    observer.onDamage({
      snapshotId: snapshot.id,
      path: walkedPath(walked.directory, walked.page.name(index)),
      offsetBytes: offset,
      lengthBytes,
      message: 'the blob that it names has another kind or length than it says',
    })
  })
  const walk = walkTree(repository, top, entryCountOf(snapshot), {
    ...(seen && { seen }),
    looksAhead: true,
    isLoss: isLost,
    onLoss: (directory, error) => tell(walkedPath(directory), error),
  })
  for (const walked of walk) {
    steps.take(walked.page.entryCount)
    for (let index = 0; index < walked.page.entryCount && !steps.isEnough; index++) {
      if (!isRegular(walked.page.mode(index))) continue
      try {
        addFile(repository, { walked, index, seen, steps }, batch)
      } catch (error) {
        if (!isLost(error)) throw error
        tell(walkedPath(walked.directory, walked.page.name(index)), error)
      }
    }
    if (steps.isEnough) {
      tell(walkedPath(walked.directory), endlessTree())
      break
    }
    yield
  }
  batch.flush()
  return steps.taken
}

class Steps {
  readonly #max: number
  taken = 0

  constructor(max: number) {
    this.#max = max
  }

  get isEnough(): boolean {
    return this.taken > this.#max
  }

  take(count: number): void {
    this.taken += count
  }
}

function endlessTree(): DamageError {
  return new DamageError(
    'Cannot look through all of the tree: it names the same folders or lists of chunks over and over',
  )
}

interface WalkedFile {
  readonly walked: WalkedPage
  readonly index: number
  readonly seen: Set<string> | undefined
  readonly steps: Steps
}

function addFile(repository: Repository, file: WalkedFile, batch: ReferenceBatch): void {
  const { walked, index, seen, steps } = file
  if (depthOfFlags(walked.page.flags(index)) === 0) {
    addChunks(file, batch)
    return
  }
  const content = readContent(walked.page, index, (id) => repository.trees.readList(id), {
    seen,
  })
  while (!steps.isEnough && content.next()) {
    steps.take(1)
    if (content.isHole) continue
    batch.add(content.id, { walked, index, offset: content.offset, lengthBytes: content.bytes })
  }
}

/** What most files have: the references are columns of the page, which says that they add up to the size. */
function addChunks({ walked, index, steps }: WalkedFile, batch: ReferenceBatch): void {
  const { page } = walked
  const idsAt = page.chunkIdsStart >>> 2
  const end = page.chunkOffsets[index + 1]
  let offset = 0
  for (let chunk = page.chunkOffsets[index]; chunk < end && !steps.isEnough; chunk++) {
    steps.take(1)
    const lengthBytes = page.chunkBytes(chunk)
    if (!batch.takesMet(page.words, idsAt + chunk * idWords, lengthBytes) && !isHole(page, chunk)) {
      batch.add(page.chunkId(chunk), { walked, index, offset, lengthBytes })
    }
    offset += lengthBytes
  }
}

class ReferenceBatch {
  readonly #repository: Repository
  readonly #observer: WalkObserver
  readonly #onMisfit: (file: Parameters<OnReference>[1]) => void
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  readonly #idWords = new Uint32Array(this.#ids.buffer)
  readonly #files: Parameters<OnReference>[1][] = []
  /** Which of them have to be looked up. */
  #asked: number[] = []
  readonly #packRows = new Uint32Array(idsPerLookup)
  readonly #segments = new Uint32Array(idsPerLookup)

  constructor(
    repository: Repository,
    observer: WalkObserver,
    onMisfit: (file: Parameters<OnReference>[1]) => void,
  ) {
    this.#repository = repository
    this.#onMisfit = onMisfit
    this.#observer = observer
  }

  /**
   * Tells of a reference that is known, when whoever walks wants to be told in this way.
   *
   * @param idAt the id is ids[idAt, idAt + 8)
   */
  takesMet(ids: Uint32Array, idAt: number, lengthBytes: number): boolean {
    const { met, onMet } = this.#observer
    if (!met || !onMet) return false
    const place = met.find(ids, idAt, lengthBytes)
    if (place < 0) return false
    onMet(met.packRowAt(place), met.segmentAt(place))
    return true
  }

  add(id: Buffer, file: Parameters<OnReference>[1]): void {
    const position = this.#files.length
    id.copy(this.#ids, position * idBytes)
    this.#files.push(file)
    const { met } = this.#observer
    const place = met ? met.find(this.#idWords, position * idWords, file.lengthBytes) : -1
    if (met && place >= 0) {
      this.#packRows[position] = met.packRowAt(place)
      this.#segments[position] = met.segmentAt(place)
    } else this.#asked.push(position)
    if (this.#files.length === idsPerLookup) this.flush()
  }

  flush(): void {
    const misfits = this.#lookUp()
    for (const [position, file] of this.#files.entries()) {
      const id = this.#idAt(position)
      if (misfits.has(position)) this.#addFitting(id, file)
      else {
        const packRow = this.#packRows[position]
        this.#observer.onReference({ packRow, segment: this.#segments[position], id }, file)
      }
    }
    this.#files.length = 0
    this.#asked = []
  }

  /** @returns those of which the first blob found has another kind or length */
  #lookUp(): ReadonlySet<number> {
    const misfits = new Set<number>()
    const ids = Buffer.concat(this.#asked.map((position) => this.#idAt(position)))
    const { packs, segments, kinds, lengths } = this.#repository.catalogue.blobs.placesOf(ids)
    for (const [place, position] of this.#asked.entries()) {
      const { lengthBytes } = this.#files[position]
      const packRow = packs[place]
      this.#packRows[position] = packRow
      this.#segments[position] = segments[place]
      if (packRow === 0) continue
      if (kinds[place] !== blobKinds.data || lengths[place] !== lengthBytes) misfits.add(position)
      else {
        const found = { packRow, segment: segments[place], lengthBytes }
        this.#observer.met?.add(this.#idWords, position * idWords, found)
      }
    }
    return misfits
  }

  #idAt(position: number): Buffer {
    return this.#ids.subarray(position * idBytes, (position + 1) * idBytes)
  }

  /** A reader takes no blob of another kind or length than the reference says, so neither may who proves it readable. */
  #addFitting(id: Buffer, file: Parameters<OnReference>[1]): void {
    const place = this.#repository.catalogue.blobs
      .findAll(id)
      .find(({ kind, length }) => kind === blobKinds.data && length === file.lengthBytes)
    if (place)
      this.#observer.onReference({ packRow: place.pack.row, segment: place.segment, id }, file)
    else this.#onMisfit(file)
  }
}
