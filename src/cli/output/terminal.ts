import type { Readable, Writable } from 'node:stream'

/** Where a command's words go; the only thing in Holdfast that writes to standard output and standard error. */
export interface Terminal {
  readonly input: Readable
  /** For file contents (`dump`); text goes through `writeOutput`. */
  readonly output: Writable
  readonly isInputTerminal: boolean
  readonly isErrorTerminal: boolean
  /** Columns of standard output, undefined when it is not a terminal. */
  readonly outputColumns: number | undefined
  readonly errorColumns: number
  /** True once the reader of standard output has gone away (`holdfast list | head`). */
  readonly isOutputClosed: boolean
  readonly useColour: boolean
  writeOutput(text: string): void
  writeError(text: string): void
}

export interface StandardStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Used where the terminal does not tell its width. */
const defaultColumns = 80

/**
 * The terminal of this process.
 *
 * A closed pipe is no error: what is written afterwards is dropped, so that a backup whose output goes through `head`
 * still comes to its end.
 * @param onOutputFailure Told once when standard output fails for another reason, such as a full disk.
 */
export function openTerminal(
  streams: StandardStreams,
  environment: NodeJS.ProcessEnv,
  onOutputFailure: (error: Error) => void,
): Terminal {
  const { stdin, stdout, stderr } = streams
  let isOutputClosed = false
  let isErrorClosed = false
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isOutputClosed && error.code !== 'EPIPE') onOutputFailure(error)
    isOutputClosed = true
  })
  stderr.on('error', () => {
    isErrorClosed = true
  })
  const noColour = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== ''
  return {
    input: stdin,
    output: stdout,
    isInputTerminal: stdin.isTTY === true,
    isErrorTerminal: stderr.isTTY === true,
    useColour: !noColour && environment['TERM'] !== 'dumb' && stdout.isTTY === true,
    get outputColumns() {
      return stdout.isTTY === true ? stdout.columns || defaultColumns : undefined
    },
    get errorColumns() {
      return stderr.columns || defaultColumns
    },
    get isOutputClosed() {
      return isOutputClosed
    },
    writeOutput(text) {
      if (!isOutputClosed) stdout.write(text)
    },
    writeError(text) {
      if (!isErrorClosed) stderr.write(text)
    },
  }
}

/** Marks table titles on a terminal that shows colours. */
export function headingStyle(terminal: Terminal): (text: string) => string {
  return terminal.useColour ? (text) => `\x1b[1m${text}\x1b[0m` : (text) => text
}
