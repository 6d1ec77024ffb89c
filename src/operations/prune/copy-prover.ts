import type { BlobLocation } from '../../catalogue/blob-location.ts'
import { costOfRanges, type ReadCost } from '../../repository/read-cost.ts'
import { createBlobHashers } from '../../repository/blob-hashers.ts'
import { isFinding } from '../../repository/loss.ts'
import type { Repository } from '../../repository/repository.ts'
import { sealedRangeOf } from '../../repository/sealed-range.ts'
import { SegmentReader } from '../../repository/segment-reader.ts'

/** A copy of a blob, and what it has to be. */
export interface ClaimedCopy {
  readonly id: Buffer
  readonly location: BlobLocation
}

/** Who chooses copies, and is told which are wrong. */
export interface ProofTaker {
  noteProofs(copies: readonly ClaimedCopy[], wrong: readonly ClaimedCopy[]): void
}

/**
 * Reads copies of blobs for which others are given up. That an index object, or the pack itself, says that a blob is there proves nothing: who
 * has a key and may add objects can say so of every blob there is, and would have the good copies removed by the next prune.
 */
export class CopyProver {
  readonly #segments: SegmentReader
  readonly #hashers: ReturnType<typeof createBlobHashers>

  constructor({ context, storage }: Repository) {
    this.#segments = new SegmentReader(context, storage, 0)
    this.#hashers = createBlobHashers(context.keys)
  }

  /** @returns whether any copy is not what it has to be, so that others must be chosen */
  proveAll(
    live: ProofTaker,
    unproved: ReadonlyMap<number, readonly ClaimedCopy[]>,
    signal: AbortSignal | undefined,
  ): boolean {
    let isAnyWrong = false
    for (const copies of unproved.values()) {
      signal?.throwIfAborted()
      const wrong = this.#findWrong(copies)
      live.noteProofs(copies, wrong)
      if (wrong.length > 0) isAnyWrong = true
    }
    return isAnyWrong
  }

  /** @param copies of one pack. @returns those that are not the blobs that they are said to be */
  #findWrong(copies: readonly ClaimedCopy[]): ClaimedCopy[] {
    const bySegment = new Map<number, ClaimedCopy[]>()
    for (const copy of copies) {
      const known = bySegment.get(copy.location.segment)
      if (known) known.push(copy)
      else bySegment.set(copy.location.segment, [copy])
    }
    const inOrder = [...bySegment].toSorted(([one], [other]) => one - other)
    this.#segments.expect(inOrder.flatMap(([, [first]]) => (first ? [first.location] : [])))
    return inOrder.flatMap(([, ofSegment]) => this.#findWrongIn(ofSegment))
  }

  #findWrongIn(copies: readonly ClaimedCopy[]): readonly ClaimedCopy[] {
    const [first] = copies
    if (!first) return []
    try {
      const plain = this.#segments.readOnce(first.location)
      return copies.filter(({ id, location: { kind, offset, length } }) => {
        const hasher = this.#hashers[kind === 0 ? 0 : 1]
        return !hasher.hash(plain.subarray(offset, offset + length)).equals(id)
      })
    } catch (error) {
      if (!isFinding(error)) throw error
      return copies
    }
  }
}

/** What it takes to read them. */
export function costOfProofs(copies: Iterable<readonly ClaimedCopy[]>): ReadCost[] {
  return [...copies].map((ofPack) => {
    const segments = new Map(ofPack.map(({ location }) => [location.segment, location]))
    return costOfRanges(
      [...segments.values()]
        .toSorted((one, other) => one.segmentOffset - other.segmentOffset)
        .map((location) =>
          sealedRangeOf(location.pack.id, { ...location, offset: location.segmentOffset }),
        ),
    )
  })
}
