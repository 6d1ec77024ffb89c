const slotCount = 2 ** 18
const slotWords = 7

/**
 * The references that a walk has lately found to be right, with their places: the trees of a history repeat each other, and a look-up in the
 * catalogue takes thirty times as long as one here. 7 MB, however large the repository is; what does not fit is looked up again.
 */
export class MetReferences {
  /** Of each slot: the first 16 bytes of the id, row of the pack (0 when free), segment, length of the blob. */
  readonly #words = new Int32Array(slotCount * slotWords)

  /** @returns a place to be asked about with `packRowAt` and `segmentAt`; -1 when the reference is not known */
  find(id: Buffer, lengthBytes: number): number {
    const words = this.#words
    const at = placeOf(id)
    const isKnown =
      words[at + 4] !== 0 &&
      words[at] === id.readInt32LE(0) &&
      words[at + 1] === id.readInt32LE(4) &&
      words[at + 2] === id.readInt32LE(8) &&
      words[at + 3] === id.readInt32LE(12) &&
      words[at + 6] === lengthBytes
    return isKnown ? at : -1
  }

  packRowAt(place: number): number {
    return this.#words[place + 4]
  }

  segmentAt(place: number): number {
    return this.#words[place + 5]
  }

  /** Remembers a reference that a blob fits. */
  add(id: Buffer, found: { packRow: number; segment: number; lengthBytes: number }): void {
    const words = this.#words
    const at = placeOf(id)
    for (let word = 0; word < 4; word++) words[at + word] = id.readInt32LE(word * 4)
    words[at + 4] = found.packRow
    words[at + 5] = found.segment
    words[at + 6] = found.lengthBytes
  }
}

function placeOf(id: Buffer): number {
  return (id.readUInt32LE(0) & (slotCount - 1)) * slotWords
}
