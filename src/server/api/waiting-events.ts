import type { KeptEvent } from './event-hub.ts'

/** More than there ever are jobs to be told of at once: 100 that wait, 200 that ended, and those that run. */
const waitingMax = 500
/** What is made into text at once; beyond it stands one event at most. */
const textLengthMax = 64 * 1024

/**
 * What one follower has not been told yet: of each thing only its newest state, in the order of these states. The states are shared with everybody else
 * and become text when there is room for it, so that a follower who does not read costs next to nothing.
 */
export class WaitingEvents {
  readonly #events = new Map<string, KeptEvent>()

  get isEmpty(): boolean {
    return this.#events.size === 0
  }

  /** So many different things have changed that the follower is better told anew. */
  get isOverfull(): boolean {
    return this.#events.size > waitingMax
  }

  add(event: KeptEvent): void {
    // Behind what waits already: ids come in order, and one that was told stands for all before it.
    this.#events.delete(event.key)
    this.#events.set(event.key, event)
  }

  /** The next of them as text of `text/event-stream`. They wait no more. */
  take(): string {
    let text = ''
    for (const { key, id, event, data } of this.#events.values()) {
      if (text.length >= textLengthMax) break
      text += `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
      this.#events.delete(key)
    }
    return text
  }
}
