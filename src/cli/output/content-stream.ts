import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

import type { Terminal } from './terminal.ts'

/**
 * Lets `produce` write a file's content to standard output and waits until all of it is there.
 *
 * Writing to a pipe or a file is synchronous on Linux, so that a producer that only waits for room would never let the
 * event loop turn: no signal would get through, nor the news that the reader has gone. Each write here takes a turn.
 * @throws {Error} what `produce` throws, or `EPIPE` once the reader has gone.
 */
export async function writeContent(
  terminal: Terminal,
  produce: (output: Writable) => Promise<unknown>,
): Promise<void> {
  const output = new Writable({
    write(part: Buffer, _, done) {
      if (terminal.isOutputClosed) return done(closedOutput())
      terminal.output.write(part, (error) => setImmediate(done, error))
    },
  })
  const written = finished(output)
  try {
    await Promise.race([produce(output).then(() => output.end()), written])
    await written
  } finally {
    output.destroy()
  }
}

function closedOutput(): Error {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
}
