import { closeSync } from 'node:fs'

/**
 * Keeps the most recently used file descriptors open, because opening a pack costs more than
 * reading a small blob from it. Only for synchronous use: an asynchronous read could outlive its
 * descriptor.
 */
export class DescriptorCache {
  readonly #limit: number
  readonly #open: (name: string) => number
  // A Map iterates in insertion order, so the first key is the least recently used one.
  readonly #descriptors = new Map<string, number>()

  constructor(limit: number, open: (name: string) => number) {
    this.#limit = limit
    this.#open = open
  }

  /** @throws What `open` throws. */
  get(name: string): number {
    const known = this.#descriptors.get(name)
    if (known !== undefined) {
      this.#descriptors.delete(name)
      this.#descriptors.set(name, known)
      return known
    }
    while (this.#descriptors.size >= this.#limit) this.#closeOldest()
    const descriptor = this.#open(name)
    this.#descriptors.set(name, descriptor)
    return descriptor
  }

  drop(name: string): void {
    const descriptor = this.#descriptors.get(name)
    if (descriptor === undefined) return
    this.#descriptors.delete(name)
    try {
      closeSync(descriptor)
    } catch {
      // Nothing was written through it, and Linux has closed it all the same.
    }
  }

  close(): void {
    while (this.#descriptors.size > 0) this.#closeOldest()
  }

  #closeOldest(): void {
    const [name] = this.#descriptors.keys()
    if (name !== undefined) this.drop(name)
  }
}
