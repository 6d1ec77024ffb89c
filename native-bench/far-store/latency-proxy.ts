import { createServer, connect, type Socket } from 'node:net'

/**
 * Stands between the tools and the store and lets everything come late: half of the latency on the way there, half on the way back, and once more all
 * of it for a new connection. Bytes follow each other as they came, so the line is as broad as the machine allows. A process of its own, for the bench
 * waits for its tools without a pause.
 *
 * Arguments: port of the store, latency in ms. Writes its own port to standard output. A line on standard input makes it write what it has seen since
 * the last one, as JSON: requests and bytes. Requests are told by their first line, which begins a piece of what a client sends: neither tool sends one
 * before it has the answer to the one before.
 */
const [storePort, latencyMs] = process.argv.slice(2).map(Number)

const seen = { requests: 0, uploadedBytes: 0, downloadedBytes: 0 }
const requestLine = /^(?:GET|PUT|POST|DELETE|HEAD) \S+ HTTP/

/** Passes on what comes from one side, late and in order. */
function delay(from: Socket, to: Socket, firstExtraMs: number, note: (part: Buffer) => void): void {
  const waiting: { readonly dueMs: number; readonly part: Buffer | null }[] = []
  let extraMs = firstExtraMs
  let lastDueMs = 0
  let timer: NodeJS.Timeout | undefined
  const run = (): void => {
    timer = undefined
    while (waiting.length > 0 && waiting[0].dueMs <= performance.now()) {
      const next = waiting.shift()
      if (next?.part) to.write(next.part)
      else to.end()
    }
    if (waiting.length > 0) {
      timer = setTimeout(run, Math.max(1, waiting[0].dueMs - performance.now()))
    }
  }
  const take = (part: Buffer | null): void => {
    const dueMs = Math.max(lastDueMs, performance.now() + latencyMs / 2 + extraMs)
    extraMs = 0
    lastDueMs = dueMs
    waiting.push({ dueMs, part })
    timer ??= setTimeout(run, Math.max(0, dueMs - performance.now()))
  }
  from.on('data', (part: Buffer) => {
    note(part)
    take(part)
  })
  from.on('end', () => take(null))
  from.on('error', () => to.destroy())
}

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const store = connect({ port: storePort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  delay(client, store, latencyMs, (part) => {
    seen.uploadedBytes += part.length
    if (requestLine.test(part.toString('latin1', 0, 4096))) seen.requests += 1
  })
  delay(store, client, 0, (part) => {
    seen.downloadedBytes += part.length
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`)
})
process.stdin.on('data', () => {
  process.stdout.write(`${JSON.stringify(seen)}\n`)
  seen.requests = 0
  seen.uploadedBytes = 0
  seen.downloadedBytes = 0
})
process.stdin.on('end', () => process.exit())
