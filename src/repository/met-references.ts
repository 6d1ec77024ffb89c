import { idWords } from '../model/ids.ts'

const recordsMin = 2 ** 10
const recordsMax = 2 ** 18
/** A reference may stand in any of so many slots: where half of all are in use, few find each of theirs taken. */
const slotsPerReference = 4
/** Id; row of the pack (0 when nothing is there yet), segment, length of the blob. */
const recordWords = 11
const word = { packRow: idWords, segment: idWords + 1, lengthBytes: idWords + 2 } as const

/** Where a blob is. */
export interface MetPlace {
  readonly packRow: number
  readonly segment: number
  readonly lengthBytes: number
}

/**
 * The references that a walk has lately found to be right, with their places: the trees of a history repeat each other, and a look-up in the
 * catalogue takes thirty times as long as one here. 14 MB at most, however large the repository is; then the oldest make room and are
 * looked up again.
 *
 * Records stand in the order in which they came, because the next version of a tree has nearly the same references in the same order: the one
 * after the one found last is looked at first, and is in the processor's cache already. Ids are given as eight words out of an array, as they
 * lie in tree pages; reading them out of bytes takes several times as long.
 */
export class MetReferences {
  readonly #records: Uint32Array
  readonly #recordCount: number
  /** Numbers of records, counted from 1; 0 is a free slot. One that leads to another reference is as good as none. */
  readonly #slots: Uint32Array
  readonly #mask: number
  #next = 0
  #last = 0

  /** @param count references that may be met */
  constructor(count: number = recordsMax) {
    this.#recordCount = Math.min(Math.max(count, recordsMin), recordsMax)
    let slotCount = recordsMin * 2
    while (slotCount < this.#recordCount * 2) slotCount *= 2
    this.#records = new Uint32Array(this.#recordCount * recordWords)
    this.#slots = new Uint32Array(slotCount)
    this.#mask = slotCount - 1
  }

  /**
   * @param idAt the id is ids[idAt, idAt + 8)
   * @returns a place to be asked about with `packRowAt` and `segmentAt`; -1 when the reference is not known
   */
  find(ids: Uint32Array, idAt: number, lengthBytes: number): number {
    const following = this.#last + 1
    let at = following < this.#recordCount ? following * recordWords : 0
    if (!this.#isId(at, ids, idAt)) at = this.#search(ids, idAt)
    if (at < 0 || this.#records[at + word.packRow] === 0) return -1
    if (this.#records[at + word.lengthBytes] !== lengthBytes) return -1
    this.#last = at / recordWords
    return at
  }

  packRowAt(place: number): number {
    return this.#records[place + word.packRow]
  }

  segmentAt(place: number): number {
    return this.#records[place + word.segment]
  }

  /** Remembers a reference that a blob fits. */
  add(ids: Uint32Array, idAt: number, found: MetPlace): void {
    const records = this.#records
    let at = this.#search(ids, idAt)
    if (at < 0) {
      at = this.#next * recordWords
      this.#slots[this.#slotFor(ids[idAt])] = this.#next + 1
      this.#next = (this.#next + 1) % this.#recordCount
    }
    for (let part = 0; part < idWords; part++) records[at + part] = ids[idAt + part]
    records[at + word.packRow] = found.packRow
    records[at + word.segment] = found.segment
    records[at + word.lengthBytes] = found.lengthBytes
  }

  /** @returns where the record of the id begins; -1 when there is none */
  #search(ids: Uint32Array, idAt: number): number {
    for (let probe = 0; probe < slotsPerReference; probe++) {
      const record = this.#slots[(ids[idAt] + probe) & this.#mask]
      if (record === 0) return -1
      const at = (record - 1) * recordWords
      if (this.#isId(at, ids, idAt)) return at
    }
    return -1
  }

  /** The first free one; where there is none, another reference makes room. */
  #slotFor(firstWord: number): number {
    for (let probe = 0; probe < slotsPerReference; probe++) {
      const slot = (firstWord + probe) & this.#mask
      if (this.#slots[slot] === 0) return slot
    }
    return firstWord & this.#mask
  }

  #isId(at: number, ids: Uint32Array, idAt: number): boolean {
    const records = this.#records
    for (let part = 0; part < idWords; part++) {
      if (records[at + part] !== ids[idAt + part]) return false
    }
    return true
  }
}
