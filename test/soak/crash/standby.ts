import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { childScript } from '../../support/built-engine.ts'
import type { CrashStep, CrashTask } from '../../support/children/crash-child.ts'

/** What became of one process. */
export interface CrashRun {
  readonly steps: readonly CrashStep[]
  /** Lines of its standard output, in order; what it acknowledged is among them. */
  readonly lines: readonly string[]
  readonly errors: string
  readonly isKilled: boolean
  /** The step in which it was killed; undefined between two steps and when it ended by itself. */
  readonly killedIn: CrashStep | undefined
}

export interface ProcessAttack {
  /** It is killed after this time. */
  readonly killAfterMs?: number | undefined
  /** It is killed when this is aborted. */
  readonly killAt?: AbortSignal
  /** Told the number of the process when it begins to work. */
  readonly onStart?: (pid: number) => void
}

export interface Standby {
  /** Gives the task to a process that is loaded already. One at a time. */
  run(task: CrashTask, attack?: ProcessAttack): Promise<CrashRun>
  close(): Promise<void>
}

interface Process {
  /** Resolves when it has said a line that the test likes; fails when it ends before. */
  says(isIt: (line: string) => boolean): Promise<string>
  readonly pid: number
  tell(task: CrashTask): void
  kill(): void
  readonly ended: Promise<unknown>
  isKilled(): boolean
  /** What it said since the last call; a line that was cut off was not said. */
  takeLines(): string[]
  takeErrors(): string
}

/** Each task is done by a process of its own; the next one is loaded meanwhile. For tasks with threads. */
export function openStandby(env: Readonly<Record<string, string>>): Standby {
  let next: Process | undefined
  return {
    async run(task, { killAfterMs, killAt, onStart } = {}) {
      const child = next ?? start([], env)
      await child.says((line) => line === 'ready')
      next = start([], env)
      child.tell(task)
      onStart?.(child.pid)
      const timer =
        killAfterMs === undefined ? undefined : setTimeout(() => child.kill(), killAfterMs)
      killAt?.addEventListener('abort', () => child.kill())
      await child.ended
      clearTimeout(timer)
      return describe(task.steps, child.takeLines(), child.takeErrors(), child.isKilled())
    },
    async close() {
      next?.kill()
      await next?.ended
    },
  }
}

/**
 * Each task is done by a copy of one process that has everything loaded and compiled: a tenth of the time that a new process takes.
 *
 * @param warmUp tasks that it does itself before
 */
export async function openCopies(
  env: Readonly<Record<string, string>>,
  warmUp: readonly CrashTask[],
): Promise<Standby> {
  const parent = start(['--single-threaded', '--v8-pool-size=0'], env)
  for (const task of warmUp) {
    parent.tell({ ...task, isWarmUp: true })
    await parent.says((line) => line === 'warm')
    const failed = parent.takeLines().find((line) => line.startsWith('failed'))
    if (failed !== undefined) throw new Error(`Cannot warm up: it ${failed}`)
  }
  return {
    async run(task, { killAfterMs, killAt, onStart } = {}) {
      parent.tell(task)
      const pid = Number((await parent.says((line) => line.startsWith('pid '))).slice(4))
      onStart?.(pid)
      const kill = (): void => killIfThere(pid)
      const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs)
      killAt?.addEventListener('abort', kill)
      const ended = await parent.says((line) => line.startsWith('ended '))
      clearTimeout(timer)
      killAt?.removeEventListener('abort', kill)
      const status = Number(ended.slice('ended '.length))
      const errors = parent.takeErrors()
      const text = status === 0 || status === -9 ? errors : `status ${status} ${errors}`
      return describe(task.steps, parent.takeLines(), text, status === -9)
    },
    async close() {
      parent.kill()
      await parent.ended
    },
  }
}

/** It may have ended a moment ago, and its end not been told yet. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function start(flags: readonly string[], env: Readonly<Record<string, string>>): Process {
  const isCopying = flags.length > 0
  const args = [...flags, childScript('crash-child'), ...(isCopying ? ['copies'] : [])]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    // Ctrl-C is for the soak, which then ends in order.
    detached: true,
  })
  let output = ''
  let errors = ''
  let wake = (): void => undefined
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    wake()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  // A process that has died is noticed by its end.
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'close').then(() => wake())
  const lines = (): string[] =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    async says(isIt) {
      for (;;) {
        const said = lines().find(isIt)
        if (said !== undefined) return said
        if (!isRunning()) throw new Error(`A process ended too early: ${output} ${errors}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    tell: (task) => child.stdin.write(`${JSON.stringify(task)}\n`),
    kill: () => child.kill('SIGKILL'),
    ended,
    isKilled: () => child.signalCode !== null,
    takeLines() {
      const taken = lines()
      output = ''
      return taken
    },
    takeErrors() {
      const taken = errors
      errors = ''
      return taken
    },
  }
}

function describe(
  steps: readonly CrashStep[],
  lines: readonly string[],
  errors: string,
  isKilled: boolean,
): CrashRun {
  const begun = lines.filter((line) => line.startsWith('begin ')).length
  const ended = lines.filter((line) => line.startsWith('end ')).length
  const killedIn = isKilled && begun > ended ? steps[begun - 1] : undefined
  return { steps, lines, errors, isKilled, killedIn }
}
