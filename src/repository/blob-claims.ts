/** About a millisecond. */
const spinsMax = 1_000_000

/**
 * Which blobs this run has already taken on, shared by all of its threads.
 *
 * The table only has to cover blobs whose packs the catalogue does not list yet; its size is fixed, so memory does not
 * grow with the repository. When it is full a blob is not recorded and may be stored twice within that window, which wastes
 * a little space and breaks nothing: it is then found through the catalogue.
 *
 * Layout: `Int32` words; word 0 counts the entries, then slots of five words: a state (0 free, 1 being written, 2 filled) and the
 * first 16 bytes of the id. Ids are keyed hashes, so 128 bits cannot be made to collide without the key, and by chance
 * two of 2^32 blobs do with a probability of 2^-65.
 */
export class BlobClaims {
  static readonly #slotWords = 5
  static readonly #headerWords = 16
  readonly #words: Int32Array
  readonly #slotMask: number
  readonly #entryLimit: number

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    const slots = (this.#words.length - BlobClaims.#headerWords) / BlobClaims.#slotWords
    if (!Number.isInteger(Math.log2(slots)))
      throw new RangeError('slot count is not a power of two')
    this.#slotMask = slots - 1
    this.#entryLimit = Math.floor(slots * 0.75)
  }

  /** @param slotCount a power of two; each slot takes 20 bytes */
  static allocate(slotCount: number): SharedArrayBuffer {
    return new SharedArrayBuffer((BlobClaims.#headerWords + slotCount * BlobClaims.#slotWords) * 4)
  }

  get entryCount(): number {
    return Atomics.load(this.#words, 0)
  }

  /** Whether blobs may be claimed that are not recorded: then only the catalogue can tell what was stored before. */
  get isFull(): boolean {
    return this.entryCount >= this.#entryLimit
  }

  /**
   * Claims a blob for the caller.
   *
   * @returns true when the caller is the first and has to store the blob; false when somebody else does
   */
  claim(id: Buffer): boolean {
    const words = this.#words
    const a = id.readInt32LE(0)
    const b = id.readInt32LE(4)
    const c = id.readInt32LE(8)
    const d = id.readInt32LE(12)
    let slot = a & this.#slotMask
    for (let probes = 0; probes <= 64; probes++) {
      const at = BlobClaims.#headerWords + slot * BlobClaims.#slotWords
      let state = Atomics.load(words, at)
      if (state === 0) {
        if (Atomics.load(words, 0) >= this.#entryLimit) return true
        state = Atomics.compareExchange(words, at, 0, 1)
        if (state === 0) {
          words[at + 1] = a
          words[at + 2] = b
          words[at + 3] = c
          words[at + 4] = d
          Atomics.store(words, at, 2)
          Atomics.add(words, 0, 1)
          return true
        }
      }
      // The writer needs only a few instructions from here, so spinning is shorter than sleeping.
      for (let spins = 0; state === 1; spins++) {
        // It died over it.
        if (spins === spinsMax) return true
        state = Atomics.load(words, at)
      }
      if (
        words[at + 1] === a &&
        words[at + 2] === b &&
        words[at + 3] === c &&
        words[at + 4] === d
      ) {
        return false
      }
      slot = (slot + 1) & this.#slotMask
    }
    return true
  }
}
