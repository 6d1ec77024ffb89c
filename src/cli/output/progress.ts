import { escapeBytes } from '../../foundation/escape-bytes.ts'
import type { HoldfastEvent, OnEvent, ProgressEvent } from '../../foundation/progress-event.ts'
import { humanBytes, humanCount, humanDuration } from '../../foundation/human.ts'
import { truncate } from '../../foundation/text-width.ts'
import { jsonPath, writeJsonErrorLine, writeJsonLine, type JsonObject } from './json.ts'
import { safeText } from './safe-text.ts'
import { costJson } from './cost-json.ts'
import type { Terminal } from './terminal.ts'

export interface ProgressOptions {
  /** `line`: one line on a terminal, rewritten; `json`: status lines; `none`: only faults and notices. */
  readonly mode: 'line' | 'json' | 'none'
  /** With `--quiet` notices are left out; faults never are. */
  readonly isQuiet: boolean
  /** Named in JSON fault lines: `snapshot`, `restore`, … */
  readonly operation: string
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  /** False where the operation's result names the damage again, and better. */
  readonly showsDamage: boolean
}

export interface Progress {
  readonly onEvent: OnEvent
  /** Clears the line, so that what comes next starts on an empty one. */
  finish(): void
}

/** Ten a second is as much as an eye follows, and what restic's readers of JSON expect. */
const intervalMs = 100

/** Rates are taken over this much of the past: long enough to be calm, short enough to follow a change. */
const rateWindowMs = 5000

/** Shows the events of one operation. */
export function createProgress(terminal: Terminal, options: ProgressOptions): Progress {
  const startedMs = options.now()
  const rate = createRate()
  let shownMs = -Infinity
  let phase = ''
  let isLineShown = false

  const clear = (): void => {
    if (isLineShown) terminal.writeError('\r\x1b[K')
    isLineShown = false
  }
  const show = (event: ProgressEvent): void => {
    const nowMs = options.now()
    if (event.phase !== phase) rate.restart()
    rate.add(nowMs, event.bytesDone)
    // The first and the last state of a phase are always shown.
    if (event.phase === phase && nowMs - shownMs < intervalMs && !isComplete(event)) return
    phase = event.phase
    shownMs = nowMs
    const status = { event, elapsedMs: nowMs - startedMs, bytesPerSecond: rate.bytesPerSecond() }
    if (options.mode === 'json') writeJsonLine(terminal, statusJson(status))
    if (options.mode !== 'line') return
    terminal.writeError(`\r${truncate(statusLine(status), terminal.errorColumns - 1)}\x1b[K`)
    isLineShown = true
  }
  return {
    onEvent(event) {
      if (event.type === 'progress') {
        if (options.mode !== 'none') show(event)
        return
      }
      if ((event.type === 'notice' || event.type === 'cost') && options.isQuiet) return
      if (event.type === 'damage' && !options.showsDamage) return
      clear()
      if (options.mode === 'json') writeJsonErrorLine(terminal, eventJson(event, options.operation))
      else terminal.writeError(`${eventLine(event)}\n`)
    },
    finish: clear,
  }
}

interface Status {
  readonly event: ProgressEvent
  readonly elapsedMs: number
  readonly bytesPerSecond: number | undefined
}

function isComplete({ bytesDone, bytesTotal, filesDone, filesTotal }: ProgressEvent): boolean {
  return bytesDone === bytesTotal && filesDone === filesTotal
}

function fractionDone({
  bytesDone,
  bytesTotal,
  filesDone,
  filesTotal,
}: ProgressEvent): number | undefined {
  if (bytesTotal !== undefined && bytesTotal > 0) return Math.min(1, bytesDone / bytesTotal)
  if (filesTotal !== undefined && filesTotal > 0) return Math.min(1, filesDone / filesTotal)
  return undefined
}

function msLeft({ event, bytesPerSecond }: Status): number | undefined {
  if (event.bytesTotal === undefined || bytesPerSecond === undefined || bytesPerSecond <= 0)
    return undefined
  return (Math.max(0, event.bytesTotal - event.bytesDone) / bytesPerSecond) * 1000
}

/** `saving   42 %  1,204 of 2,900 files  310 MiB of 742 MiB  180 MiB/s  2.4 s left` */
export function statusLine(status: Status): string {
  const { event, elapsedMs, bytesPerSecond } = status
  const fraction = fractionDone(event)
  const left = msLeft(status)
  return [
    safeText(event.phase),
    fraction === undefined
      ? humanDuration(elapsedMs)
      : `${Math.floor(fraction * 100)} %`.padStart(5),
    ofTotal(event.filesDone, event.filesTotal, humanCount) + ' files',
    ofTotal(event.bytesDone, event.bytesTotal, humanBytes),
    ...(bytesPerSecond === undefined ? [] : [`${humanBytes(bytesPerSecond)}/s`]),
    ...(left === undefined ? [] : [`${humanDuration(left)} left`]),
    ...(event.errors > 0 ? [`${humanCount(event.errors)} errors`] : []),
  ].join('  ')
}

function ofTotal(
  done: number,
  total: number | undefined,
  write: (value: number) => string,
): string {
  return total === undefined ? write(done) : `${write(done)} of ${write(total)}`
}

function statusJson(status: Status): JsonObject {
  const { event, elapsedMs, bytesPerSecond } = status
  const left = msLeft(status)
  return {
    message_type: 'status',
    phase: event.phase,
    seconds_elapsed: Math.round(elapsedMs) / 1000,
    ...(left !== undefined && { seconds_remaining: Math.round(left) / 1000 }),
    percent_done: fractionDone(event) ?? 0,
    ...(event.filesTotal !== undefined && { total_files: event.filesTotal }),
    files_done: event.filesDone,
    ...(event.bytesTotal !== undefined && { total_bytes: event.bytesTotal }),
    bytes_done: event.bytesDone,
    ...(bytesPerSecond !== undefined && { bytes_per_second: Math.round(bytesPerSecond) }),
    error_count: event.errors,
  }
}

type SpokenEvent = Exclude<HoldfastEvent, ProgressEvent>

const labels = {
  notice: 'note',
  cost: 'note',
  unreadable: 'unreadable',
  damage: 'damaged',
  failure: 'failed',
} as const

function eventLine({ type, path, message }: SpokenEvent): string {
  const item = path === undefined ? '' : `${escapeBytes(path)}: `
  return `${labels[type]}: ${item}${safeText(message)}`
}

function eventJson(event: SpokenEvent, operation: string): JsonObject {
  const { type, path, message } = event
  if (event.type === 'cost') {
    return { message_type: 'cost', message, during: operation, ...costJson(event.cost) }
  }
  const item = path === undefined ? {} : jsonPath('item', path)
  if (type === 'notice') return { message_type: 'notice', message, during: operation, ...item }
  return { message_type: 'error', error: { message }, during: operation, ...item }
}

interface Rate {
  add(nowMs: number, bytes: number): void
  restart(): void
  /** Undefined until there is half a second to judge by. */
  bytesPerSecond(): number | undefined
}

function createRate(): Rate {
  const samples: { readonly atMs: number; readonly bytes: number }[] = []
  return {
    add(atMs, bytes) {
      // Updates come thousands a second; one sample an interval is kept, the newest in place of the one before.
      const previous = samples.at(-2)
      if (previous !== undefined && atMs - previous.atMs < intervalMs) samples.pop()
      samples.push({ atMs, bytes })
      while (samples.length > 2 && atMs - samples[0].atMs > rateWindowMs) samples.shift()
    },
    restart() {
      samples.length = 0
    },
    bytesPerSecond() {
      const first = samples[0]
      const last = samples.at(-1)
      if (first === undefined || last === undefined || last.atMs - first.atMs < 500)
        return undefined
      return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000
    },
  }
}
