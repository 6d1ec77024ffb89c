import type { OwnerSets } from './owner-sets.ts'

const slotsAtFirst = 65_536

/**
 * Who needs each blob, by the first eight bytes of its id: ids are keyed hashes, so two of ten million begin alike once in 300,000
 * repositories. Twelve bytes a slot, at most two thirds of the slots in use.
 */
export class BlobOwners {
  readonly #sets: OwnerSets
  #slots = new Uint32Array(3 * slotsAtFirst)
  #mask = slotsAtFirst - 1
  #used = 0

  constructor(sets: OwnerSets) {
    this.#sets = sets
  }

  /**
   * @param ids the id begins at `start`
   * @returns whether anything changed
   */
  add(ids: Buffer, start: number, owners: number): boolean {
    const low = ids.readUInt32LE(start)
    const high = ids.readUInt32LE(start + 4)
    const slot = this.#slotOf(low, high)
    const slots = this.#slots
    const before = slots[slot + 2]
    const after = before === 0 ? owners : this.#sets.union(before, owners)
    if (before === after) return false
    slots[slot] = low
    slots[slot + 1] = high
    slots[slot + 2] = after
    if (before === 0 && ++this.#used * 3 > (this.#mask + 1) * 2) this.#grow()
    return true
  }

  /** The set of its owners; 0 when nobody needs it. */
  of(id: Buffer): number {
    return this.#slots[this.#slotOf(id.readUInt32LE(0), id.readUInt32LE(4)) + 2]
  }

  #slotOf(low: number, high: number): number {
    const slots = this.#slots
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = at * 3
      if (slots[slot + 2] === 0 || (slots[slot] === low && slots[slot + 1] === high)) return slot
    }
  }

  #grow(): void {
    const old = this.#slots
    const count = (this.#mask + 1) * 2
    this.#slots = new Uint32Array(3 * count)
    this.#mask = count - 1
    for (let slot = 0; slot < old.length; slot += 3) {
      if (old[slot + 2] === 0) continue
      this.#slots.set(old.subarray(slot, slot + 3), this.#slotOf(old[slot], old[slot + 1]))
    }
  }
}
