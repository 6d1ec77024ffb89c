interface Extent {
  start: number
  readonly length: number
}

/**
 * Pieces of bytes in one buffer, each until it is taken. A buffer for each of them would be garbage that nobody collects for a long time,
 * because so little of it is on JavaScript's own heap: it took 60 MB on each thread of a restore.
 */
export class KeptBytes {
  readonly #memory: Buffer
  /** In the order of their places in the memory. */
  readonly #extents = new Map<number, Extent>()
  #end = 0
  #usedBytes = 0

  constructor(capacityBytes: number) {
    this.#memory = Buffer.allocUnsafeSlow(capacityBytes)
  }

  /** @returns false when there is no room; then nothing is kept */
  keep(key: number, bytes: Uint8Array): boolean {
    if (this.#usedBytes + bytes.length > this.#memory.length) return false
    if (this.#end + bytes.length > this.#memory.length) this.#moveTogether()
    this.#memory.set(bytes, this.#end)
    this.#extents.set(key, { start: this.#end, length: bytes.length })
    this.#end += bytes.length
    this.#usedBytes += bytes.length
    return true
  }

  /** @returns a view that is valid until the next `keep`; undefined when nothing is kept under the key */
  take(key: number): Buffer | undefined {
    const extent = this.#extents.get(key)
    if (!extent) return undefined
    this.#extents.delete(key)
    this.#usedBytes -= extent.length
    return this.#memory.subarray(extent.start, extent.start + extent.length)
  }

  clear(): void {
    this.#extents.clear()
    this.#end = 0
    this.#usedBytes = 0
  }

  #moveTogether(): void {
    let end = 0
    for (const extent of this.#extents.values()) {
      this.#memory.copyWithin(end, extent.start, extent.start + extent.length)
      extent.start = end
      end += extent.length
    }
    this.#end = end
  }
}
