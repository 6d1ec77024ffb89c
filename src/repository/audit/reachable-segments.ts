import { isRegular } from '../../format/tree/entry-kind.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import type { PackRow } from '../../catalogue/blob-location.ts'
import { DamageError, type RepositoryError } from '../../foundation/errors.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../repository.ts'
import { isLoss, isUnavailable } from '../loss.ts'
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
  const batch = new ReferenceBatch(repository, observer.onReference, (file) => {
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

function addFile(
  repository: Repository,
  file: { walked: WalkedPage; index: number; seen: Set<string> | undefined; steps: Steps },
  batch: ReferenceBatch,
): void {
  const { walked, index, seen, steps } = file
  const content = readContent(walked.page, index, (id) => repository.trees.readList(id), seen)
  while (!steps.isEnough && content.next()) {
    steps.take(1)
    if (content.isHole) continue
    batch.add(content.id, { walked, index, offset: content.offset, lengthBytes: content.bytes })
  }
}

class ReferenceBatch {
  readonly #repository: Repository
  readonly #onReference: OnReference
  readonly #onMisfit: (file: Parameters<OnReference>[1]) => void
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  readonly #files: Parameters<OnReference>[1][] = []

  constructor(
    repository: Repository,
    onReference: OnReference,
    onMisfit: (file: Parameters<OnReference>[1]) => void,
  ) {
    this.#repository = repository
    this.#onMisfit = onMisfit
    this.#onReference = onReference
  }

  add(id: Buffer, file: Parameters<OnReference>[1]): void {
    id.copy(this.#ids, this.#files.length * idBytes)
    this.#files.push(file)
    if (this.#files.length === idsPerLookup) this.flush()
  }

  flush(): void {
    const { blobs } = this.#repository.catalogue
    const ids = this.#ids.subarray(0, this.#files.length * idBytes)
    const { packs, segments, kinds, lengths } = blobs.findMany(ids)
    for (const [position, file] of this.#files.entries()) {
      const id = ids.subarray(position * idBytes, (position + 1) * idBytes)
      const isUnknown = packs[position] === 0
      const isFitting = kinds[position] === blobKinds.data && lengths[position] === file.lengthBytes
      if (isUnknown || isFitting) {
        this.#onReference({ packRow: packs[position], segment: segments[position], id }, file)
      } else {
        this.#addFitting(id, file)
      }
    }
    this.#files.length = 0
  }

  /** A reader takes no blob of another kind or length than the reference says, so neither may who proves it readable. */
  #addFitting(id: Buffer, file: Parameters<OnReference>[1]): void {
    const place = this.#repository.catalogue.blobs
      .findAll(id)
      .find(({ kind, length }) => kind === blobKinds.data && length === file.lengthBytes)
    if (place) this.#onReference({ packRow: place.pack.row, segment: place.segment, id }, file)
    else this.#onMisfit(file)
  }
}
