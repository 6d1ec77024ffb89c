import type { ObjectRange } from '../object-range.ts'
import { mergeRanges } from './merge-ranges.ts'
import { removeSpan, type Span } from './spans.ts'

export type FetchRange = (range: ObjectRange) => Promise<Uint8Array<ArrayBuffer>>

interface Ahead {
  readonly range: ObjectRange
  readonly number: number
  /** What of it nobody has taken yet. */
  left: readonly Span[]
  /** Undefined until it is asked for. */
  bytes: Promise<Uint8Array<ArrayBuffer>> | undefined
  isThere: boolean
}

export interface AheadLimits {
  /** Fetched or on its way, and not taken yet. */
  readonly bytesMax: number
  readonly requestsMax: number
}

/**
 * A request of 30 ms takes as long as 3 MB at 100 MB/s: what lies in between is fetched along when it is shorter than a tenth of that, so that
 * hardly more is paid for than is wanted.
 */
const gapBytesMax = 256 * 1024
/** Long enough for its own time not to count, short enough to be used before the next one is there. */
const requestBytesMax = 8 * 1024 * 1024

/**
 * Fetches what one thread said it would read, before it reads it: several requests at once, near ranges in one. Whatever is read and was not
 * announced, or failed here, is fetched when it is read.
 */
export class RangesAhead {
  readonly #fetch: FetchRange
  readonly #limits: AheadLimits
  /** In the order in which they are fetched; by object, for they are looked for there. */
  readonly #byName = new Map<string, Ahead[]>()
  #queue: Ahead[] = []
  #nextNumber = 0
  #heldBytes = 0
  #requests = 0
  /** The latest that was taken: what came before it and is still there was passed over. */
  #lastTaken = -1

  constructor(fetch: FetchRange, limits: AheadLimits) {
    this.#fetch = fetch
    this.#limits = limits
  }

  /** Takes note of what will be read, in that order as a rule. */
  expect(ranges: readonly ObjectRange[]): void {
    const fresh = ranges.filter((range) => range.lengthBytes > 0 && !this.#covers(range))
    for (const merged of mergeRanges(fresh, { gapBytesMax, requestBytesMax })) {
      const ahead: Ahead = {
        range: merged,
        number: this.#nextNumber++,
        left: merged.wanted,
        bytes: undefined,
        isThere: false,
      }
      const known = this.#byName.get(merged.name)
      if (known) known.push(ahead)
      else this.#byName.set(merged.name, [ahead])
      this.#queue.push(ahead)
    }
    this.#pump()
  }

  /**
   * What was fetched of a range, or is on its way.
   *
   * @returns undefined when it was not announced as a whole
   */
  async take(range: ObjectRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // No bytes are fetched for an empty one, so nothing tells whether the object is that long.
    const pieces = range.lengthBytes > 0 ? this.#piecesOf(range) : undefined
    if (!pieces) return undefined
    // Started together, before the first is waited for.
    for (const piece of pieces) this.#start(piece)
    const target = new Uint8Array(range.lengthBytes)
    for (const piece of pieces) {
      const bytes = await piece.bytes
      if (!bytes) return undefined
      const start = Math.max(range.offsetBytes, piece.range.offsetBytes)
      const end = Math.min(endOf(range), endOf(piece.range))
      const from = start - piece.range.offsetBytes
      target.set(bytes.subarray(from, from + end - start), start - range.offsetBytes)
      this.#lastTaken = Math.max(this.#lastTaken, piece.number)
      piece.left = removeSpan(piece.left, { start, end })
      if (piece.left.length === 0) this.#drop(piece)
    }
    this.#pump()
    return target
  }

  #covers(range: ObjectRange): boolean {
    return this.#piecesOf(range) !== undefined
  }

  /** Those that hold the range together, in the order of their bytes. */
  #piecesOf(range: ObjectRange): Ahead[] | undefined {
    const pieces: Ahead[] = []
    let position = range.offsetBytes
    while (position < endOf(range)) {
      const at = position
      const next = this.#byName
        .get(range.name)
        ?.find((ahead) => ahead.range.offsetBytes <= at && at < endOf(ahead.range))
      if (!next) return undefined
      pieces.push(next)
      position = endOf(next.range)
    }
    return pieces
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#requests < this.#limits.requestsMax) {
      const [next] = this.#queue
      if (this.#heldBytes > 0 && this.#heldBytes + next.range.lengthBytes > this.#limits.bytesMax) {
        if (!this.#dropPassedOver()) return
        continue
      }
      this.#start(next)
    }
  }

  #start(ahead: Ahead): void {
    if (ahead.bytes) return
    this.#queue = this.#queue.filter((queued) => queued !== ahead)
    this.#requests += 1
    this.#heldBytes += ahead.range.lengthBytes
    const fetching = this.#fetch(ahead.range)
    ahead.bytes = fetching
    fetching.then(
      () => {
        ahead.isThere = true
        this.#requests -= 1
        this.#pump()
      },
      () => {
        // Whoever reads it meets the fault by a request of its own, or finds that it has passed.
        this.#requests -= 1
        this.#drop(ahead)
        this.#pump()
      },
    )
  }

  #dropPassedOver(): boolean {
    for (const ofObject of this.#byName.values()) {
      for (const ahead of ofObject) {
        if (!ahead.isThere || ahead.number >= this.#lastTaken) continue
        this.#drop(ahead)
        return true
      }
    }
    return false
  }

  #drop(ahead: Ahead): void {
    const known = this.#byName.get(ahead.range.name)
    if (!known?.includes(ahead)) return
    const others = known.filter((other) => other !== ahead)
    if (others.length > 0) this.#byName.set(ahead.range.name, others)
    else this.#byName.delete(ahead.range.name)
    if (ahead.bytes) this.#heldBytes -= ahead.range.lengthBytes
    else this.#queue = this.#queue.filter((queued) => queued !== ahead)
  }
}

function endOf({ offsetBytes, lengthBytes }: ObjectRange): number {
  return offsetBytes + lengthBytes
}
