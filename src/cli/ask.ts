import { HoldfastError } from '../foundation/errors.ts'
import type { Terminal } from './output/terminal.ts'

const controlC = 0x03
const controlD = 0x04
const backspace = 0x08
const lineFeed = 0x0a
const carriageReturn = 0x0d
const controlU = 0x15
const deleteCharacter = 0x7f

const lineBytesMax = 4096

/** A terminal's input that can be told not to show what is typed. */
interface RawInput extends NodeJS.ReadableStream {
  setRawMode?: (isRaw: boolean) => unknown
}

/** True when there is a person to ask: standard input and standard error are both a terminal. */
export function canAsk(terminal: Terminal): boolean {
  return terminal.isInputTerminal && terminal.isErrorTerminal
}

/** Asks on the terminal and shows what is typed. */
export function askLine(
  terminal: Terminal,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  terminal.writeError(question)
  return readLine(terminal, signal)
}

/** Asks on the terminal without showing what is typed. */
export async function askSecret(
  terminal: Terminal,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  const input = terminal.input as RawInput
  terminal.writeError(question)
  input.setRawMode?.(true)
  try {
    return await readLine(terminal, signal)
  } finally {
    input.setRawMode?.(false)
    terminal.writeError('\n')
  }
}

/** Asks for a new passphrase twice, because a slip cannot be undone. */
export async function askNewSecret(
  terminal: Terminal,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  const first = await askSecret(terminal, `${question}: `, signal)
  const second = await askSecret(terminal, `${question} again: `, signal)
  if (first === second) return first
  throw new HoldfastError(
    'PASSPHRASE_MISSING',
    'Cannot use the new passphrase: the two entries differ',
    {
      remedy: 'Run the command again and type the same passphrase twice',
    },
  )
}

/** Reads bytes up to a line end; in raw mode the editing keys arrive as bytes and are obeyed here. */
function readLine({ input }: Terminal, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: number[] = []
    const stop = (): void => {
      input.off('data', onData)
      input.off('end', onEnd)
      signal.removeEventListener('abort', onAbort)
      input.pause()
    }
    const fail = (error: Error): void => {
      stop()
      reject(error)
    }
    const onAbort = (): void => fail(interrupted())
    const onEnd = (): void => fail(interrupted())
    const onData = (part: Buffer | string): void => {
      for (const byte of Buffer.from(part)) {
        if (byte === lineFeed || byte === carriageReturn) {
          stop()
          resolve(Buffer.from(typed).toString())
          return
        }
        if (byte === controlC || (byte === controlD && typed.length === 0)) return onEnd()
        editLine(typed, byte)
      }
    }
    if (signal.aborted) return reject(interrupted())
    signal.addEventListener('abort', onAbort)
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
  })
}

function editLine(typed: number[], byte: number): void {
  if (byte === controlU) typed.length = 0
  else if (byte === backspace || byte === deleteCharacter) dropLastCharacter(typed)
  else if (byte >= 0x20 && typed.length < lineBytesMax) typed.push(byte)
}

/** A character is one byte and the UTF-8 continuation bytes after it. */
function dropLastCharacter(typed: number[]): void {
  while ((typed.at(-1) ?? 0) >> 6 === 0b10) typed.pop()
  typed.pop()
}

function interrupted(): HoldfastError {
  return new HoldfastError('INTERRUPTED', 'Interrupted while waiting for an answer')
}
