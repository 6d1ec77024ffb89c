import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { ChildTask } from './children/engine-child.ts'
import { childScript } from './built-engine.ts'
import { passphrase, type TestRepository } from './repositories.ts'

export interface Child {
  readonly process: ChildProcess
  /** What it has written to its standard output so far. */
  output(): string
  errors(): string
  /** Resolves with its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Resolves when the text has come; fails when the process ends before. */
  says(text: string): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
}

/** Starts a compiled script of `test/support/children/`; it does not outlive the test. */
export function startChild(
  name: string,
  args: readonly string[],
  options: ChildOptions = {},
): Child {
  const { env = {}, ...identity } = options
  const child = spawn(process.execPath, [childScript(name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOLDFAST_THREADS: '0', ...env },
    ...identity,
  })
  let output = ''
  let errors = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    for (const wake of waiting) wake()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  const ended = once(child, 'close').then(([status, signal]: unknown[]) => {
    for (const wake of waiting) wake()
    return (status ?? signal) as number | string
  })
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (isRunning()) child.kill(signal)
    await ended
  }
  onTestFinished(() => kill())
  return {
    process: child,
    output: () => output,
    errors: () => errors,
    ended,
    kill,
    async says(text) {
      while (!output.includes(text)) {
        if (!isRunning()) throw new Error(`The child ended without "${text}": ${output}${errors}`)
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
  }
}

/** Starts one operation on the repository in a process of its own. */
export function startOperation(
  repository: TestRepository,
  task: Pick<ChildTask, 'operation' | 'source' | 'pause' | 'hostname' | 'from'>,
  options: ChildOptions = {},
): Child {
  const { location, cacheDirectory, isEncrypted } = repository
  const complete: ChildTask = {
    ...task,
    location,
    cacheDirectory,
    ...(isEncrypted && { passphrase }),
  }
  return startChild('engine-child', [JSON.stringify(complete)], options)
}

/** What an operation says at its end; fails when it fails. */
export async function resultOf(child: Child): Promise<string> {
  const status = await child.ended
  const last = child.output().trim().split('\n').at(-1) ?? ''
  if (status !== 0) throw new Error(`The child ended with ${status}: ${last} ${child.errors()}`)
  return last
}
