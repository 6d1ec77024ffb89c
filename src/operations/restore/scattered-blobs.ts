import type { BlobLocation, BlobLocations } from '../../catalogue/blob-location.ts'
import type { WorkerBlobs } from '../../repository/worker-blobs.ts'
import type { KeptBytes } from './kept-bytes.ts'

/** References of others between those to a segment, up to which the segment stays in the reader's cache anyhow. */
const nearReferences = 64

/** A segment's references in one request, by their places among all of it. */
interface SegmentUse {
  readonly places: number[]
  isOpened: boolean
}

/**
 * Blobs out of segments that a request needs here and there.
 *
 * After many backups the changed files of a tree lie in segments of many days, and each of those is needed again and again on the way
 * through the tree: more segments than a cache holds. Such a segment is opened once, and what the request needs of it later is copied and
 * kept until then, the nearest first, as far as there is room. The fiftieth generation of a project took 7.0 s of processor time to
 * restore without it.
 *
 * Of segments that are used in one piece nothing is copied: the reader's cache serves them.
 */
export class ScatteredBlobs {
  readonly #blobs: WorkerBlobs
  readonly #locations: BlobLocations
  readonly #uses = new Map<number, SegmentUse>()
  readonly #kept: KeptBytes

  /**
   * @param locations of the request's references, in the order in which they will be asked for
   * @param kept what was kept for an earlier request goes
   */
  constructor(blobs: WorkerBlobs, locations: BlobLocations, kept: KeptBytes) {
    kept.clear()
    this.#kept = kept
    this.#blobs = blobs
    this.#locations = locations
    const { packs, segments } = locations
    for (let place = 0; place < packs.length; place++) {
      if (packs[place] === 0) continue
      const key = keyOf(packs[place], segments[place])
      const use = this.#uses.get(key)
      if (use) use.places.push(place)
      else this.#uses.set(key, { places: [place], isOpened: false })
    }
    for (const [key, { places }] of this.#uses) if (isInOnePiece(places)) this.#uses.delete(key)
  }

  /**
   * The bytes at the blob's place, not proved to be the blob.
   *
   * @returns a view that is valid until the next call; undefined when they have to be read in the usual way
   * @throws {RepositoryError} when the segment cannot be opened
   */
  take(place: number, location: BlobLocation): Buffer | undefined {
    const kept = this.#kept.take(place)
    if (kept) return kept
    const use = this.#uses.get(keyOf(location.pack.row, location.segment))
    if (!use || use.isOpened) return undefined
    // Also when it fails: who asks for the next blob of it in the usual way hears why.
    use.isOpened = true
    const plain = this.#blobs.reader.openSegmentOnce(location)
    let isAnyKept = false
    for (const later of use.places) {
      if (later <= place) continue
      if (!this.#kept.keep(later, this.#bytesAt(plain, later))) {
        // The rest is for another opening, when this is used up; with no room at all the reader's cache has to do.
        use.isOpened = !isAnyKept
        break
      }
      isAnyKept = true
    }
    return this.#bytesAt(plain, place)
  }

  #bytesAt(plain: Buffer, place: number): Buffer {
    const offset = this.#locations.offsets[place]
    return plain.subarray(offset, offset + this.#locations.lengths[place])
  }
}

function isInOnePiece(places: readonly number[]): boolean {
  return places[places.length - 1] - places[0] < 2 * places.length + nearReferences
}

/** One number for a segment of a pack, which has at most so many (docs/FORMAT.md, section 7). */
function keyOf(packRow: number, segment: number): number {
  return packRow * 65_536 + segment
}
