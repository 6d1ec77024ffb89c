import { describe, expect, it } from 'vitest'

import { writeContent } from '../../../../src/cli/output/content-stream.ts'
import { recordTerminal } from '../../../support/record-terminal.ts'

describe('writeContent()', () => {
  it('resolves when everything has been written', async () => {
    const terminal = recordTerminal()
    await writeContent(terminal, async (output) => {
      output.write('a')
      output.write('b')
    })
    expect(terminal.written.out).toBe('ab')
  })

  it('rejects with the fault of the producer', async () => {
    const fault = new Error('damaged')
    await expect(writeContent(recordTerminal(), () => Promise.reject(fault))).rejects.toBe(fault)
  })

  it('ends a producer that waits for a reader that has gone', async () => {
    const terminal = recordTerminal({ isOutputClosed: true })
    const endless = async (output: NodeJS.WritableStream): Promise<void> => {
      output.write('a')
      await new Promise(() => undefined)
    }
    await expect(writeContent(terminal, endless)).rejects.toMatchObject({ code: 'EPIPE' })
  })

  it('lets the event loop turn between writes', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await writeContent(recordTerminal(), async (output) => {
      for (let count = 0; count < 200; count++) {
        if (!output.write(Buffer.alloc(65_536))) {
          await new Promise((resolve) => output.once('drain', resolve))
        }
      }
    })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })
})
