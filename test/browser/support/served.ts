import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import { checkout, type Project } from './project.ts'

/** A running `holdfast serve`. */
export interface Served {
  readonly url: string
  readonly token: string
  readonly readOnlyToken: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

const timeoutMs = 30_000

/** Starts the built command and waits until it says where it listens. */
export async function serve(project: Project, port = 0): Promise<Served> {
  const child = spawn(
    process.execPath,
    [join(checkout, 'dist/cli/main.js'), 'serve', '--port', String(port)],
    {
      cwd: project.folder,
      env: {
        ...project.environment,
        HOLDFAST_TOKEN: token,
        HOLDFAST_READ_ONLY_TOKEN: readOnlyToken,
      },
    },
  )
  const output: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const url = await waitForAddress(child, output)
  return {
    url,
    token,
    readOnlyToken,
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

const token = 'a-token-of-the-browser-tests-0123456789'
const readOnlyToken = 'a-token-that-only-reads-0123456789abcd'

async function waitForAddress(child: ChildProcess, output: readonly string[]): Promise<string> {
  const giveUpAtMs = Date.now() + timeoutMs
  for (;;) {
    const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(output.join(''))?.[0]
    if (url !== undefined) return url
    if (child.exitCode !== null || Date.now() > giveUpAtMs) {
      child.kill('SIGKILL')
      throw new Error(`The server did not start: ${output.join('')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
