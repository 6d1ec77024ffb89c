import { connect, type Socket } from 'node:net'

export interface CountedAnswer {
  /** 0 when the connection broke. */
  readonly status: number
  readonly ms: number
}

/**
 * Asks one and the same question over kept connections, and only counts what comes back: what is measured is the server, and on a machine with two
 * processors an HTTP client that takes answers apart would need as much of them as the server does.
 */
export class HttpConnections {
  readonly #port: number
  readonly #question: string
  readonly #free: Connection[] = []

  /** @param lines of the head of the request, without the last empty one */
  constructor(port: number, lines: readonly string[]) {
    this.#port = port
    this.#question = `${lines.join('\r\n')}\r\n\r\n`
  }

  async ask(): Promise<CountedAnswer> {
    const startedMs = performance.now()
    let connection = this.#free.pop()
    // The server closes those that were not used for some seconds.
    while (connection?.isUsable === false) connection = this.#free.pop()
    connection ??= new Connection(this.#port)
    const status = await connection.ask(this.#question)
    if (connection.isUsable) this.#free.push(connection)
    return { status, ms: performance.now() - startedMs }
  }

  close(): void {
    for (const connection of this.#free) connection.close()
  }
}

const headEnd = Buffer.from('\r\n\r\n')

class Connection {
  readonly #socket: Socket
  #head: Buffer | undefined = Buffer.alloc(0)
  #status = 0
  #left = 0
  #end: ((status: number) => void) | undefined
  isUsable = true

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (part: Buffer) => this.#take(part))
    this.#socket.on('error', () => this.#broke())
    this.#socket.on('close', () => this.#broke())
  }

  ask(question: string): Promise<number> {
    this.#head = Buffer.alloc(0)
    return new Promise((resolve) => {
      this.#end = resolve
      this.#socket.write(question)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(part: Buffer): void {
    if (this.#head === undefined) this.#count(part.length)
    else {
      this.#head = Buffer.concat([this.#head, part])
      const end = this.#head.indexOf(headEnd)
      if (end < 0) return
      const head = this.#head.toString('latin1', 0, end)
      const length = /^content-length: *(\d+)/im.exec(head)
      this.#status = Number(head.slice(9, 12))
      const body = this.#head.length - end - headEnd.length
      this.#head = undefined
      if (length === null) {
        // Of a length that nobody said the end would have to be looked for.
        this.#socket.destroy()
        return
      }
      this.#left = Number(length[1])
      this.#count(body)
    }
  }

  #count(bytes: number): void {
    this.#left -= bytes
    if (this.#left <= 0) this.#finish(this.#status)
  }

  #broke(): void {
    this.isUsable = false
    this.#finish(0)
  }

  #finish(status: number): void {
    this.#end?.(status)
    this.#end = undefined
  }
}
