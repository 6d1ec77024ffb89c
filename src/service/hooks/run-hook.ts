import { spawn, type ChildProcess } from 'node:child_process'

import { splitWords } from '../../config/split-words.ts'
import { childEnvironment } from '../../foundation/child-environment.ts'

/** Kept of what a hook writes: its end, where the reason of a failure stands. */
const outputBytesMax = 16 * 1024
/** After a polite end, what is still there of the group is killed. */
const killAfterMsDefault = 5_000

export interface HookRun {
  readonly command: string
  /** Names without `HOLDFAST_`; never a secret. */
  readonly facts: Readonly<Record<string, string | number>>
  readonly folder: string
  /** Of the repository, whose secrets it does not get. */
  readonly location?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly killAfterMs?: number
}

export interface HookResult {
  /** Undefined when it ended with status 0. */
  readonly error: string | undefined
  /** The end of standard output and standard error together. */
  readonly output: string
}

/**
 * Runs a hook without a shell, in a process group of its own: when its time is over the whole group is ended, so that nothing of it goes on
 * beside the next run. Never throws.
 */
export function runHook(run: HookRun): Promise<HookResult> {
  const [program, ...words] = splitWords(run.command) ?? []
  if (program === undefined) return Promise.resolve({ error: 'it has no words', output: '' })
  return new Promise((resolve) => {
    let child: ChildProcess
    try {
      child = spawn(program, words, {
        detached: true,
        cwd: run.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...childEnvironment(run.location ?? ''), ...variablesOf(run.facts) },
      })
    } catch (error) {
      resolve({ error: `it cannot be started: ${(error as Error).message}`, output: '' })
      return
    }
    follow(child, run, resolve)
  })
}

function follow(child: ChildProcess, run: HookRun, done: (result: HookResult) => void): void {
  const { timeoutMs, signal, killAfterMs = killAfterMsDefault } = run
  const output = keepEnd()
  let reason: string | undefined
  let killTimer: NodeJS.Timeout | undefined
  child.stdout?.on('data', output.add)
  child.stderr?.on('data', output.add)
  const end = (why: string): void => {
    if (reason !== undefined) return
    reason = why
    signalGroup(child, 'SIGTERM')
    killTimer = setTimeout(() => {
      signalGroup(child, 'SIGKILL')
      // Somebody who left the group may hold the pipes open; nobody waits for him.
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, killAfterMs)
  }
  const timer = setTimeout(() => end(`it took longer than ${timeoutMs / 1000} s`), timeoutMs)
  const onAbort = (): void => end('the run was interrupted')
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const finish = (error: string | undefined): void => {
    clearTimeout(timer)
    clearTimeout(killTimer)
    signal?.removeEventListener('abort', onAbort)
    // What it left in the background after its time was over goes with it.
    if (reason !== undefined) signalGroup(child, 'SIGKILL')
    done({ error: reason ?? error, output: output.text() })
  }
  child.once('error', (error: NodeJS.ErrnoException) =>
    finish(`it cannot be started: ${error.code ?? error.message}`),
  )
  child.once('close', (status, signalName) => {
    if (status === 0) finish(undefined)
    else finish(status === null ? `it was ended by ${signalName}` : `it ended with ${status}`)
  })
}

function keepEnd(): { add: (part: Buffer) => void; text: () => string } {
  let kept = Buffer.alloc(0)
  return {
    add(part) {
      kept = Buffer.concat([kept, part])
      if (kept.length > outputBytesMax) kept = Buffer.from(kept.subarray(-outputBytesMax))
    },
    text: () => kept.toString('utf8'),
  }
}

function variablesOf(facts: HookRun['facts']): Record<string, string> {
  const entries = Object.entries(facts).map(([name, value]) => [
    `HOLDFAST_${name}`,
    // A NUL byte cannot stand in an environment, and `spawn` would throw.
    String(value).replaceAll('\0', ' '),
  ])
  return Object.fromEntries(entries) as Record<string, string>
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // Nobody of it is left.
  }
}
