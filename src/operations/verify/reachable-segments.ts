import { isRegular } from '../../format/tree/entry-kind.ts'
import { readContent } from '../../format/tree/content-reader.ts'
import type { PackRow } from '../../catalogue/blob-location.ts'
import { idBytes } from '../../model/ids.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { isLoss } from '../../repository/loss.ts'
import { entryCountOf, walkedPath, walkTree, type WalkedPage } from '../../repository/tree-walk.ts'

/** Something of a snapshot that cannot be restored. */
export interface DamagedFile {
  readonly snapshotId: string
  readonly path: Buffer
  /** Where the lost bytes begin in the file; null when a whole directory or the list of a file's chunks is lost. */
  readonly offset: number | null
  readonly lengthBytes: number | null
  readonly reason: string
}

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

/**
 * Goes through every data reference of a snapshot. Tree pages and content lists are read, opened and hashed on the way.
 *
 * @param onDamage told of what is lost of the trees; what lies below is unknown
 */
export function walkReferences(
  repository: Repository,
  snapshot: Snapshot,
  onReference: OnReference,
  onDamage: (damage: DamagedFile) => void,
): void {
  const top = { id: Buffer.from(snapshot.tree.id, 'hex'), bytes: snapshot.tree.bytes }
  const batch = new ReferenceBatch(repository, onReference)
  const walk = walkTree(repository, top, entryCountOf(snapshot), {
    onLoss: (directory, error) =>
      onDamage({
        snapshotId: snapshot.id,
        path: walkedPath(directory),
        offset: null,
        lengthBytes: null,
        reason: error.message,
      }),
  })
  for (const walked of walk) {
    for (let index = 0; index < walked.page.entryCount; index++) {
      if (!isRegular(walked.page.mode(index))) continue
      try {
        addFile(repository, walked, index, batch)
      } catch (error) {
        if (!isLoss(error)) throw error
        onDamage({
          snapshotId: snapshot.id,
          path: walkedPath(walked.directory, walked.page.name(index)),
          offset: null,
          lengthBytes: null,
          reason: error.message,
        })
      }
    }
  }
  batch.flush()
}

function addFile(
  repository: Repository,
  walked: WalkedPage,
  index: number,
  batch: ReferenceBatch,
): void {
  const content = readContent(walked.page, index, (id) => repository.trees.readList(id))
  while (content.next()) {
    if (content.isHole) continue
    batch.add(content.id, { walked, index, offset: content.offset, lengthBytes: content.bytes })
  }
}

class ReferenceBatch {
  readonly #repository: Repository
  readonly #onReference: OnReference
  readonly #ids = Buffer.allocUnsafeSlow(idsPerLookup * idBytes)
  readonly #files: Parameters<OnReference>[1][] = []

  constructor(repository: Repository, onReference: OnReference) {
    this.#repository = repository
    this.#onReference = onReference
  }

  add(id: Buffer, file: Parameters<OnReference>[1]): void {
    id.copy(this.#ids, this.#files.length * idBytes)
    this.#files.push(file)
    if (this.#files.length === idsPerLookup) this.flush()
  }

  flush(): void {
    const ids = this.#ids.subarray(0, this.#files.length * idBytes)
    const { packs, segments } = this.#repository.catalogue.blobs.findMany(ids)
    for (const [position, file] of this.#files.entries()) {
      const id = ids.subarray(position * idBytes, (position + 1) * idBytes)
      this.#onReference({ packRow: packs[position], segment: segments[position], id }, file)
    }
    this.#files.length = 0
  }
}
