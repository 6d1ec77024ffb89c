import { spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../../dist/cli/main.js')
/** Nothing here takes a minute, also when the store is away for a while. */
const timeoutMs = 180_000

export interface Ended {
  /** Null when it was killed, as one that hangs is. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** Runs the built command beside this process, in which the proxy is. */
export function runHoldfast(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, [main, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  })
  const parts: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (bytes: Buffer) => parts[0].push(bytes))
  child.stderr.on('data', (bytes: Buffer) => parts[1].push(bytes))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      clearTimeout(timer)
      const [stdout = '', stderr = ''] = parts.map((each) => Buffer.concat(each).toString())
      resolve({ status, stdout, stderr, tookMs: performance.now() - startedAtMs })
    })
  })
}

/** The lines of an output that are JSON objects with this `message_type`. */
export function messagesOf(output: string, type: string): Record<string, unknown>[] {
  return output.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    const message = JSON.parse(line) as Record<string, unknown>
    return message['message_type'] === type ? [message] : []
  })
}
