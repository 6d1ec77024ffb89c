import type { ObjectRange } from '../object-range.ts'
import { RepositoryError } from '../../foundation/errors.ts'
import { mergeRanges, requestLimits } from './merge-ranges.ts'
import { removeSpan, type Span } from './spans.ts'

export type FetchRange = (range: ObjectRange) => Promise<Uint8Array<ArrayBuffer>>

interface Ahead {
  readonly range: ObjectRange
  /** Of what it is needed for first and last, the numbers in the order in which it was announced. */
  readonly first: number
  readonly last: number
  /** What of it nobody has taken yet. */
  left: readonly Span[]
  /** Undefined until it is asked for. */
  bytes: Promise<Uint8Array<ArrayBuffer>> | undefined
  isThere: boolean
}

export interface AheadLimits {
  /** Fetched or on its way, and not taken yet. One request may be longer, when there is nothing else. */
  readonly bytesMax: number
  readonly requestsMax: number
}

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
  #announced = 0
  #heldBytes = 0
  #requests = 0
  /** How far the reading has come, by the numbers of what was announced: what was needed before and is still there was passed over. */
  #reached = 0

  constructor(fetch: FetchRange, limits: AheadLimits) {
    this.#fetch = fetch
    this.#limits = limits
  }

  /** Fetched or on its way, and not taken yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes note of what will be read, in that order as a rule. */
  expect(ranges: readonly ObjectRange[]): void {
    const fresh = ranges.filter((range) => range.lengthBytes > 0 && !this.#covers(range))
    for (const merged of mergeRanges(fresh, requestLimits)) {
      const ahead: Ahead = {
        range: merged,
        first: this.#announced + merged.first,
        last: this.#announced + merged.last,
        left: merged.wanted,
        bytes: undefined,
        isThere: false,
      }
      const known = this.#byName.get(merged.name)
      if (known) known.push(ahead)
      else this.#byName.set(merged.name, [ahead])
      this.#queue.push(ahead)
    }
    this.#announced += fresh.length
    this.#pump()
  }

  /**
   * What was fetched of a range, or is on its way.
   *
   * @returns undefined when it was not announced as a whole, there is no room for it, or the request that would have brought it failed for a
   * reason that may lie beside it, such as an object that ends too early
   * @throws {RepositoryError} `STORAGE_FAILED`, after all the tries that there are
   */
  async take(range: ObjectRange): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // No bytes are fetched for an empty one, so nothing tells whether the object is that long.
    const pieces = range.lengthBytes > 0 ? this.#piecesOf(range) : undefined
    if (!pieces) return undefined
    this.#reached = Math.max(this.#reached, ...pieces.map(({ first }) => first))
    // Started together, before the first is waited for.
    for (const piece of pieces) {
      if (!piece.bytes && !this.#makeRoomFor(piece)) {
        this.#pass(pieces, range)
        return undefined
      }
      this.#start(piece)
    }
    const target = new Uint8Array(range.lengthBytes)
    for (const piece of pieces) {
      const bytes = await bytesOf(piece)
      if (!bytes) return undefined
      const { start, end } = commonSpan(range, piece.range)
      const from = start - piece.range.offsetBytes
      target.set(bytes.subarray(from, from + end - start), start - range.offsetBytes)
    }
    this.#pass(pieces, range)
    return target
  }

  /** What was fetched of it is wrong. */
  forget(range: ObjectRange): void {
    const touched = this.#byName.get(range.name)?.filter((ahead) => {
      const { start, end } = commonSpan(range, ahead.range)
      return start < end
    })
    for (const ahead of touched ?? []) this.#drop(ahead)
    this.#pump()
  }

  /** What is read of them now need not be there any longer. */
  #pass(pieces: readonly Ahead[], range: ObjectRange): void {
    for (const piece of pieces) {
      piece.left = removeSpan(piece.left, commonSpan(range, piece.range))
      if (piece.left.length === 0) this.#drop(piece)
    }
    this.#pump()
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
      if (!this.#makeRoomFor(next)) return
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

  /** @returns whether there is room, at least after what was passed over has gone */
  #makeRoomFor({ range }: Ahead): boolean {
    const isTooMuch = (): boolean =>
      this.#heldBytes > 0 && this.#heldBytes + range.lengthBytes > this.#limits.bytesMax
    if (!isTooMuch()) return true
    for (const ofObject of this.#byName.values()) {
      for (const ahead of ofObject) {
        if (!ahead.isThere || ahead.last >= this.#reached) continue
        this.#drop(ahead)
        if (!isTooMuch()) return true
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

function commonSpan(one: ObjectRange, other: ObjectRange): Span {
  return {
    start: Math.max(one.offsetBytes, other.offsetBytes),
    end: Math.min(endOf(one), endOf(other)),
  }
}

async function bytesOf({ bytes }: Ahead): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await bytes
  } catch (error) {
    if (error instanceof RepositoryError && error.code === 'STORAGE_FAILED') throw error
    return undefined
  }
}
