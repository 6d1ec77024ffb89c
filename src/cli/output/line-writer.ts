import type { Terminal } from './terminal.ts'

export interface LineWriter {
  /**
   * @returns True when a block went out. The caller should then let the event loop turn: without that neither a signal
   *   nor the news that the reader has gone gets through.
   */
  write(line: string): boolean
  flush(): void
}

/** One system call for many lines: a listing of 100,000 files takes a tenth of the time that way. */
const blockCharacters = 64 * 1024

/** Gathers lines and writes them in blocks; `flush` writes the rest. */
export function createLineWriter(terminal: Terminal): LineWriter {
  let block = ''
  const flush = (): void => {
    if (block !== '') terminal.writeOutput(block)
    block = ''
  }
  return {
    write(line) {
      block += `${line}\n`
      if (block.length < blockCharacters) return false
      flush()
      return true
    },
    flush,
  }
}
