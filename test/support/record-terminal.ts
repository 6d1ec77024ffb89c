import { PassThrough, Writable } from 'node:stream'
import type { Terminal } from '../../src/cli/output/terminal.ts'

export interface RecordingTerminal extends Terminal {
  readonly input: PassThrough
  readonly written: { out: string; err: string }
}

/** A terminal that remembers what was written to it. */
export function recordTerminal(fields: Partial<Terminal> = {}): RecordingTerminal {
  const written = { out: '', err: '' }
  const input = new PassThrough()
  const output = new Writable({
    write(part: Buffer, _, done) {
      written.out += part.toString()
      done()
    },
  })
  return {
    output,
    isInputTerminal: false,
    isErrorTerminal: false,
    outputColumns: undefined,
    errorColumns: 80,
    isOutputClosed: false,
    useColour: false,
    writeOutput(text) {
      written.out += text
    },
    writeError(text) {
      written.err += text
    },
    ...fields,
    input,
    written,
  }
}
