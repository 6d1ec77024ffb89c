const slotCount = 2 ** 18
/** Id; row of the pack (0 when the slot is free), segment, length of the blob. */
const slotWords = 11
const idWords = 8
const word = { packRow: idWords, segment: idWords + 1, lengthBytes: idWords + 2 } as const

/**
 * The references that a walk has lately found to be right, with their places: the trees of a history repeat each other, and a look-up in the
 * catalogue takes thirty times as long as one here. 12 MB, however large the repository is; what does not fit is looked up again.
 */
export class MetReferences {
  readonly #words = new Int32Array(slotCount * slotWords)

  /** @returns a place to be asked about with `packRowAt` and `segmentAt`; -1 when the reference is not known */
  find(id: Buffer, lengthBytes: number): number {
    const words = this.#words
    const at = placeOf(id)
    if (words[at + word.packRow] === 0 || words[at + word.lengthBytes] !== lengthBytes) return -1
    for (let part = 0; part < idWords; part++) {
      if (words[at + part] !== id.readInt32LE(part * 4)) return -1
    }
    return at
  }

  packRowAt(place: number): number {
    return this.#words[place + word.packRow]
  }

  segmentAt(place: number): number {
    return this.#words[place + word.segment]
  }

  /** Remembers a reference that a blob fits. */
  add(id: Buffer, found: { packRow: number; segment: number; lengthBytes: number }): void {
    const words = this.#words
    const at = placeOf(id)
    for (let part = 0; part < idWords; part++) words[at + part] = id.readInt32LE(part * 4)
    words[at + word.packRow] = found.packRow
    words[at + word.segment] = found.segment
    words[at + word.lengthBytes] = found.lengthBytes
  }
}

function placeOf(id: Buffer): number {
  return (id.readUInt32LE(0) & (slotCount - 1)) * slotWords
}
