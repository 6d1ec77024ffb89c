interface Bucket {
  tokens: number
  filledAtMs: number
}

/** Beyond, the one that was not heard of for longest is forgotten. */
const keysMax = 10_000

/** So many a minute for each key, and as many at once as come together in six seconds of quiet. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>()
  readonly #perMs: number
  readonly #burst: number
  readonly #nowMs: () => number

  constructor(perMinute: number, nowMs: () => number, burst: number = Math.ceil(perMinute / 10)) {
    this.#perMs = perMinute / 60_000
    this.#burst = Math.max(1, burst)
    this.#nowMs = nowMs
  }

  /** @returns 0 when it may go on, else the seconds to wait */
  take(key: string): number {
    const bucket = this.#fill(key)
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      return 0
    }
    return this.#wait(bucket)
  }

  /** The seconds to wait, without taking. */
  look(key: string): number {
    const bucket = this.#fill(key)
    return bucket.tokens >= 1 ? 0 : this.#wait(bucket)
  }

  #wait({ tokens }: Bucket): number {
    return Math.max(1, Math.ceil((1 - tokens) / this.#perMs / 1000))
  }

  #fill(key: string): Bucket {
    const nowMs = this.#nowMs()
    const known = this.#buckets.get(key)
    const bucket = known ?? { tokens: this.#burst, filledAtMs: nowMs }
    bucket.tokens = Math.min(
      this.#burst,
      bucket.tokens + Math.max(0, nowMs - bucket.filledAtMs) * this.#perMs,
    )
    bucket.filledAtMs = nowMs
    // To the end of the order, so that the first is the one not heard of for longest.
    if (known !== undefined) this.#buckets.delete(key)
    else if (this.#buckets.size >= keysMax) {
      const [oldest] = this.#buckets.keys()
      this.#buckets.delete(oldest)
    }
    this.#buckets.set(key, bucket)
    return bucket
  }
}
