/** Digits of the id that go with each place. Together with an offset below 2^25 (a segment has at most so many bytes) they fill a number's 53 bits. */
const markBits = 28
const markSpan = 2 ** markBits

/** Where a live blob begins in its segment's plaintext, and the beginning of its id. */
export function placeOf(offset: number, id: Uint8Array, idStart: number): number {
  return offset * markSpan + markOf(id, idStart)
}

export function offsetOfPlace(place: number): number {
  return Math.floor(place / markSpan)
}

/** Whether the id is the one that the place was noted for. */
export function isIdOfPlace(place: number, id: Uint8Array, idStart: number): boolean {
  return place % markSpan === markOf(id, idStart)
}

function markOf(id: Uint8Array, start: number): number {
  return id[start] | (id[start + 1] << 8) | (id[start + 2] << 16) | ((id[start + 3] & 15) << 24)
}

/** Places of the live blobs of one segment. A blob may be added any number of times. */
export class LivePlaces {
  #places = new Float64Array(16)
  #count = 0

  add(place: number): void {
    if (this.#count === this.#places.length) {
      this.#compact()
      // Half of the room must be free again, or the next compaction would come too soon.
      if (this.#count > this.#places.length / 2) this.#grow()
    }
    this.#places[this.#count++] = place
  }

  /** Ascending, each once. */
  get unique(): Float64Array {
    this.#compact()
    return this.#places.subarray(0, this.#count)
  }

  #compact(): void {
    const sorted = this.#places.subarray(0, this.#count).sort()
    let kept = 0
    for (let item = 0; item < sorted.length; item++) {
      if (item === 0 || sorted[item] !== sorted[item - 1]) this.#places[kept++] = sorted[item]
    }
    this.#count = kept
  }

  #grow(): void {
    const grown = new Float64Array(this.#places.length * 2)
    grown.set(this.#places)
    this.#places = grown
  }
}
