import type { ServerContext } from '../server-context.ts'
import type { KeptEvent } from './event-hub.ts'
import { WaitingEvents } from './waiting-events.ts'

/** One that takes nothing for so many heartbeats is cut off: it may be gone without a word, and others want its place. */
const patienceBeats = 4
/** Browsers ask again after so long when the connection was lost. */
const retryMs = 2_000
const heartbeat = ': still here\n\n'

type Controller = ReadableStreamDefaultController<Uint8Array>

/** Who follows events: what waits for him, and whether he takes it. */
export class EventFollower {
  readonly #server: ServerContext
  readonly #jobId: string | undefined
  readonly #hangUp: () => void
  readonly #waiting = new WaitingEvents()
  readonly #encoder = new TextEncoder()
  #controller: Controller | undefined
  #release: (() => void) | undefined
  /** There while the connection has room and nothing waits. */
  #wake: (() => void) | undefined
  #isBeatDue = false
  #untakenBeats = 0

  /** @param jobId only of this job, and to its end; undefined for everything */
  constructor(server: ServerContext, jobId: string | undefined, hangUp: () => void) {
    this.#server = server
    this.#jobId = jobId
    this.#hangUp = hangUp
  }

  /** @param lastId that of the last event that was told before, if any */
  start(controller: Controller, lastId: string | undefined): void {
    const { events, streams, heartbeatMs } = this.#server
    this.#controller = controller
    for (const event of events.since(lastId)) this.#note(event)
    const unlisten = events.listen((event) => this.#note(event))
    const timer = setInterval(() => this.#beat(), heartbeatMs)
    const stop = (): void => this.stop()
    streams.add(stop)
    this.#release = () => {
      clearInterval(timer)
      unlisten()
      streams.delete(stop)
    }
    this.#send(`retry: ${retryMs}\n\n`)
  }

  /** The connection has room. Ends when it was given something. */
  async pull(): Promise<void> {
    this.#untakenBeats = 0
    if (this.#waiting.isEmpty && !this.#isJobOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    this.#send(this.#isBeatDue ? heartbeat : this.#waiting.take())
    this.#isBeatDue = false
    if (this.#isJobOver && this.#waiting.isEmpty) this.stop()
  }

  stop(): void {
    this.#release?.()
    this.#release = undefined
    this.#wake?.()
    try {
      this.#controller?.close()
    } catch {
      // Closed from the other side.
    }
    this.#controller = undefined
  }

  get #isJobOver(): boolean {
    // One that is not known any more ended long ago.
    return this.#jobId !== undefined && this.#server.jobs.find(this.#jobId)?.ended_at !== null
  }

  #note(event: KeptEvent): void {
    if (this.#jobId !== undefined && event.key !== this.#jobId) return
    this.#waiting.add(event)
    if (this.#waiting.isOverfull) this.#cutOff()
    else this.#wake?.()
  }

  #beat(): void {
    if (this.#wake !== undefined) {
      this.#isBeatDue = true
      this.#wake()
    } else if (++this.#untakenBeats >= patienceBeats) this.#cutOff()
  }

  /** What was not told is told when he comes back: by `Last-Event-ID`, or with all jobs there are. */
  #cutOff(): void {
    this.stop()
    this.#hangUp()
  }

  #send(text: string): void {
    if (text !== '') this.#controller?.enqueue(this.#encoder.encode(text))
  }
}
