/** Digits of the id that go with each place. Together with an offset below 2^25 (a segment has at most so many bytes) and the number of a segment, below 2^16, they fill 64 bits. */
const markBits = 23
const markSpan = 2 ** markBits
/** Of the offset, these stand in the lower one of the two words. */
const offsetBitsBelow = 32 - markBits
const offsetBelowMask = 2 ** offsetBitsBelow - 1
const offsetBitsAbove = 16

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
  return id[start] | (id[start + 1] << 8) | ((id[start + 2] & 127) << 16)
}

/** Places of the live blobs of one segment, by `placeOf`: ascending, each once. */
export type LivePlaces = Float64Array

/**
 * Places of the live blobs of one pack; a blob may be added any number of times. Eight bytes for each of them: an array for each segment took
 * seventy, and a prune of ten million chunks 1 GB.
 */
export class PackPlaces {
  /** Two for each place, the lower one first, so that they sort as one number of 64 bits: segment, offset, digits of the id. */
  #words = new Uint32Array(32)
  #count = 0

  add(segment: number, offset: number, id: Uint8Array): void {
    if (this.#count * 2 === this.#words.length) {
      this.#compact()
      // Half of the room must be free again, or the next compaction would come too soon.
      if (this.#count > this.#words.length / 4) this.#grow()
    }
    const at = this.#count * 2
    this.#words[at] = ((offset & offsetBelowMask) << markBits) | markOf(id, 0)
    this.#words[at + 1] = (segment << offsetBitsAbove) | (offset >>> offsetBitsBelow)
    this.#count += 1
  }

  /** By the numbers of the segments that hold any, ascending. */
  bySegment(): ReadonlyMap<number, LivePlaces> {
    this.#compact()
    const segments = new Map<number, LivePlaces>()
    for (let first = 0; first < this.#count;) {
      const segment = this.#segmentOf(first)
      let end = first + 1
      while (end < this.#count && this.#segmentOf(end) === segment) end += 1
      const places = new Float64Array(end - first)
      for (let place = first; place < end; place++) places[place - first] = this.#placeAt(place)
      segments.set(segment, places)
      first = end
    }
    return segments
  }

  #segmentOf(place: number): number {
    return this.#words[place * 2 + 1] >>> offsetBitsAbove
  }

  #placeAt(place: number): number {
    const below = this.#words[place * 2]
    const above = this.#words[place * 2 + 1] & (2 ** offsetBitsAbove - 1)
    return (above * 2 ** offsetBitsBelow + (below >>> markBits)) * markSpan + (below % markSpan)
  }

  #compact(): void {
    const words = this.#words
    new BigUint64Array(words.buffer, 0, this.#count).sort()
    let kept = 0
    for (let at = 0; at < this.#count * 2; at += 2) {
      const isAgain = at > 0 && words[at] === words[kept - 2] && words[at + 1] === words[kept - 1]
      if (isAgain) continue
      words[kept] = words[at]
      words[kept + 1] = words[at + 1]
      kept += 2
    }
    this.#count = kept / 2
  }

  #grow(): void {
    const grown = new Uint32Array(this.#words.length * 2)
    grown.set(this.#words)
    this.#words = grown
  }
}
