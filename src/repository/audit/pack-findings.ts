import type { BlobLocation } from '../../catalogue/blob-location.ts'
import { idBytes } from '../../model/ids.ts'
import type { Repository } from '../repository.ts'
import type { PackRequest } from './read-packs.ts'
import type { VerifyPackReply } from './pack-verifier.ts'

/** Which blobs cannot be had from which packs. */
export class PackFindings {
  readonly #repository: Repository
  readonly #trustsUnread: boolean
  readonly #lostIds = new Set<string>()
  readonly #lostSegments = new Map<number, ReadonlySet<number>>()
  readonly #lostPacks = new Set<number>()
  readonly #readPacks = new Set<number>()

  /** @param trustsUnread whether a copy in a pack that nobody has read counts as whole */
  constructor(repository: Repository, options: { readonly trustsUnread: boolean }) {
    this.#repository = repository
    this.#trustsUnread = options.trustsUnread
  }

  get hasLoss(): boolean {
    return this.#lostIds.size > 0 || this.#lostPacks.size > 0 || this.#lostSegments.size > 0
  }

  wasRead(packRow: number): boolean {
    return this.#readPacks.has(packRow)
  }

  take({ row }: PackRequest, reply: VerifyPackReply): void {
    this.#readPacks.add(row)
    // What was known before came from an earlier reading; this one is newer.
    this.#lostSegments.delete(row)
    if (reply.isUnreadable) this.#lostPacks.add(row)
    else this.#lostPacks.delete(row)
    const ids = Buffer.from(reply.lostIds)
    for (let at = 0; at < ids.length; at += idBytes) {
      this.#lostIds.add(lostKey(row, ids.subarray(at, at + idBytes)))
    }
  }

  losePack(packRow: number): void {
    this.#lostPacks.add(packRow)
  }

  loseSegments(packRow: number, segments: Iterable<number>): void {
    this.#lostSegments.set(packRow, new Set(segments))
  }

  /** A blob that lies in several packs is lost when none of them has it whole. */
  isLost(place: { packRow: number; segment: number; id: Buffer }): boolean {
    const { packRow, segment, id } = place
    if (!this.#isLostIn(packRow, segment, id)) return false
    return this.#places(id).every(
      ({ pack, segment: number }) =>
        (!this.#trustsUnread && !this.#readPacks.has(pack.row)) ||
        this.#isLostIn(pack.row, number, id),
    )
  }

  /** Whether any pack that an index object names has the blob whole. */
  hasWholeCopy(id: Buffer): boolean {
    return this.#places(id).some(({ pack, segment }) => !this.#isLostIn(pack.row, segment, id))
  }

  /** Places of a blob in packs that were not read. */
  unreadPlaces(id: Buffer): BlobLocation[] {
    return this.#places(id).filter(({ pack }) => !this.#readPacks.has(pack.row))
  }

  #places(id: Buffer): BlobLocation[] {
    return this.#repository.catalogue.blobs.findAll(id)
  }

  #isLostIn(packRow: number, segment: number, id: Buffer): boolean {
    return (
      this.#lostPacks.has(packRow) ||
      this.#lostSegments.get(packRow)?.has(segment) === true ||
      this.#lostIds.has(lostKey(packRow, id))
    )
  }
}

/** One character for each byte of the id: cheaper to look up than hexadecimal digits. */
function lostKey(packRow: number, id: Buffer): string {
  return `${packRow}:${id.toString('latin1')}`
}
