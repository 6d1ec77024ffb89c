import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { PeerCommand } from './peer-tool.ts'

export interface CommandRun {
  readonly output: string
  readonly errors: string
  /** Exit status, or the signal that ended it. */
  readonly status: number | string
  readonly ms: number
}

export interface RunOptions {
  /** Kills it and everything that it started after this time. */
  readonly killAfterMs?: number
  readonly env?: Readonly<Record<string, string>>
}

/** No command of these small repositories takes minutes. */
const hangsAfterMs = 300_000

export async function runPeerCommand(
  { argv, env, workingFolder }: PeerCommand,
  options: RunOptions = {},
): Promise<CommandRun> {
  const startedAtMs = performance.now()
  const [executable, ...args] = argv
  const child = spawn(executable, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: workingFolder ?? '/',
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: '/nonexistent',
      ...env,
      ...options.env,
    },
    detached: true,
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  const kill = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    process.kill(-child.pid, 'SIGKILL')
  }
  const timer = setTimeout(kill, options.killAfterMs ?? hangsAfterMs)
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  const ms = performance.now() - startedAtMs
  return { output, errors, status: status ?? signal ?? -1, ms }
}
