import { describe, expect, it } from 'vitest'

import { createProgress, type ProgressOptions } from '../../../../src/cli/output/progress.ts'
import type { ProgressEvent } from '../../../../src/foundation/progress-event.ts'
import { recordTerminal, type RecordingTerminal } from '../../../support/record-terminal.ts'

const MiB = 1024 ** 2

interface Stage {
  readonly terminal: RecordingTerminal
  /** Lets time pass and tells how far the work is. */
  readonly tell: (afterMs: number, fields?: Partial<ProgressEvent>) => void
  readonly progress: ReturnType<typeof createProgress>
}

function stage(options: Partial<ProgressOptions>, columns = 120): Stage {
  let nowMs = 1000
  const terminal = recordTerminal({ errorColumns: columns })
  const progress = createProgress(terminal, {
    mode: 'line',
    isQuiet: false,
    operation: 'snapshot',
    showsDamage: true,
    now: () => nowMs,
    ...options,
  })
  return {
    terminal,
    progress,
    tell(afterMs, fields = {}) {
      nowMs += afterMs
      const base = { phase: 'saving', filesDone: 0, bytesDone: 0, errors: 0 }
      progress.onEvent({ type: 'progress', ...base, ...fields })
    },
  }
}

describe('the progress line', () => {
  it('shows percent, files, bytes, rate and time left, and clears itself', () => {
    const { terminal, tell, progress } = stage({})
    const totals = { filesTotal: 2900, bytesTotal: 400 * MiB }
    tell(0, totals)
    tell(1000, { ...totals, filesDone: 1204, bytesDone: 100 * MiB })
    expect(terminal.written.err.split('\r').at(-1)).toBe(
      'saving   25 %  1,204 of 2,900 files  100 MiB of 400 MiB  100 MiB/s  3.0 s left\u001b[K',
    )
    progress.finish()
    expect(terminal.written.err.endsWith('\r\u001b[K')).toBe(true)
    expect(terminal.written.out).toBe('')
  })

  it('shows the time that has passed while the totals are unknown', () => {
    const { terminal, tell } = stage({})
    tell(2500, { filesDone: 3, bytesDone: MiB, errors: 2 })
    expect(terminal.written.err).toBe('\rsaving  2.5 s  3 files  1.0 MiB  2 errors\u001b[K')
  })

  it('is rewritten at most ten times a second, and at the end of each phase', () => {
    const { terminal, tell } = stage({})
    for (let index = 0; index < 1000; index++) tell(1, { bytesDone: index, bytesTotal: 5000 })
    expect(terminal.written.err.split('\r').length - 1).toBeLessThanOrEqual(11)
    tell(1, { bytesDone: 5000, bytesTotal: 5000, filesDone: 7, filesTotal: 7 })
    expect(terminal.written.err).toContain('7 of 7 files')
    tell(1, { phase: 'committing' })
    expect(terminal.written.err).toContain('\rcommitting')
  })

  it('fits the terminal', () => {
    const { terminal, tell } = stage({}, 30)
    tell(0, { filesTotal: 1_000_000, bytesTotal: 400 * MiB })
    const [line] = terminal.written.err.slice(1).split('\u001b')
    expect(line.length).toBeLessThan(30)
  })

  it('follows a change of speed within some seconds', () => {
    const { terminal, tell } = stage({})
    let bytesDone = 0
    for (let index = 0; index < 100; index++) tell(100, { bytesDone: (bytesDone += 10 * MiB) })
    for (let index = 0; index < 70; index++) tell(100, { bytesDone: (bytesDone += MiB) })
    const rate = / ([\d.]+) MiB\/s/.exec(terminal.written.err.split('\r').at(-1) ?? '')
    expect(Number(rate?.[1])).toBeCloseTo(10, 0)
  })

  it('makes way for a fault and comes back after it', () => {
    const { terminal, tell, progress } = stage({})
    tell(0)
    progress.onEvent({ type: 'unreadable', path: Buffer.from('/a\u001b'), message: 'EIO' })
    expect(terminal.written.err.endsWith('\r\u001b[Kunreadable: /a\\x1b: EIO\n')).toBe(true)
    tell(200)
    expect(terminal.written.err.split('\r').at(-1)).toContain('saving')
  })
})

describe('progress as JSON', () => {
  it('gives status lines on standard output, ten a second', () => {
    const { terminal, tell } = stage({ mode: 'json' })
    tell(0, { bytesTotal: 100 * MiB })
    tell(10, { bytesTotal: 100 * MiB })
    tell(1990, { bytesTotal: 100 * MiB, bytesDone: 50 * MiB, filesDone: 2, errors: 1 })
    const lines = terminal.written.out.trim().split('\n')
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[1])).toEqual({
      message_type: 'status',
      phase: 'saving',
      seconds_elapsed: 2,
      seconds_remaining: 2,
      percent_done: 0.5,
      files_done: 2,
      total_bytes: 100 * MiB,
      bytes_done: 50 * MiB,
      bytes_per_second: 25 * MiB,
      error_count: 1,
    })
    expect(terminal.written.err).toBe('')
  })
})

describe('without progress', () => {
  it('faults are still told, and notices unless quiet', () => {
    for (const isQuiet of [false, true]) {
      const { terminal, tell, progress } = stage({ mode: 'none', isQuiet })
      tell(0)
      progress.onEvent({ type: 'damage', message: 'pack is short' })
      progress.onEvent({ type: 'notice', message: 'socket' })
      expect(terminal.written.err).toBe(
        `damaged: pack is short\n${isQuiet ? '' : 'note: socket\n'}`,
      )
    }
  })

  it('damage is left to the result where that names it better', () => {
    const { terminal, progress } = stage({ showsDamage: false })
    progress.onEvent({ type: 'damage', message: 'pack is short' })
    expect(terminal.written.err).toBe('')
  })
})
