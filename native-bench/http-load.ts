import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { initRepository } from '../src/repository/init-repository.ts'
import { openRepository } from '../src/repository/open-repository.ts'
import { snapshot } from '../src/operations/snapshot/snapshot.ts'
import { HttpConnections, type CountedAnswer } from './http-connections.ts'

/*
 * Lists asked for while backups run: `npm run bench:http [-- --seconds 60 --rate 200 --snapshots 1000]`. The server is the built command, the
 * backups are its jobs, and this process asks: backups alone, beside requests for the plain list, alone, beside requests for the compressed one,
 * alone; then each list endpoint while nothing else runs. Log lines of the server go to the standard error output.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '200' },
    snapshots: { type: 'string', default: '1000' },
    megabytes: { type: 'string', default: '400' },
  },
})
const seconds = Number(values.seconds)
const token = 'bench-token-0123456789'
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

interface Answer {
  readonly status: number
  readonly ms: number
  readonly text: string
}

function ask(
  port: number,
  method: string,
  path: string,
  { body }: { body?: object } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const startedMs = performance.now()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        resolve({ status: response.statusCode ?? 0, ms: performance.now() - startedMs, text })
      })
    })
    sent.on('error', (error) =>
      resolve({ status: 0, ms: performance.now() - startedMs, text: String(error) }),
    )
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Processor time that a process has used, without that of its children: Linux counts it in hundredths of a second. */
function processorMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * 10
}

function percentile(sorted: readonly number[], part: number): string {
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1)} ms`
}

function latencies(answers: readonly CountedAnswer[]): string {
  const sorted = answers.map(({ ms }) => ms).sort((one, other) => one - other)
  const parts = [0.5, 0.9, 0.99, 0.999, 1].map(
    (part) => `p${part * 100} ${percentile(sorted, part)}`,
  )
  return parts.join(', ')
}

async function makeProject(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-http-'))
  mkdirSync(join(folder, 'small'))
  writeFileSync(join(folder, 'small/file'), 'x')
  writeFileSync(
    join(folder, 'config.yml'),
    'repository: ./repo\napi: { backup: { verification: false, paths: { index: data/ } } }\n',
  )
  const location = join(folder, 'repo')
  await initRepository({ location })
  const repository = await openRepository({ location })
  for (let count = 0; count < Number(values.snapshots); count++) {
    await snapshot(repository, { paths: [join(folder, 'small')], base: folder })
  }
  await repository.close()
  const perFolder = 100
  const fileBytes = 64 * 1024
  const files = (Number(values.megabytes) * 1024 ** 2) / fileBytes
  for (let file = 0; file < files; file++) {
    const at = join(folder, 'data', String(Math.floor(file / perFolder)))
    if (file % perFolder === 0) mkdirSync(at, { recursive: true })
    writeFileSync(join(at, String(file)), randomBytes(fileBytes))
  }
  return folder
}

function startServer(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const main = join(import.meta.dirname, '../dist/cli/main.js')
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--json'], {
    cwd: folder,
    env: { ...process.env, HOLDFAST_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('The server ended')))
    child.stdout.once('data', (line: Buffer) => {
      resolve({ child, port: (JSON.parse(line.toString()) as { port: number }).port })
    })
  })
}

/** One full backup after the other, which reads and hashes everything each time. @returns milliseconds of each */
async function backUpFor(port: number, ms: number): Promise<number[]> {
  const durations: number[] = []
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    const { status, ms: took, text } = await ask(port, 'POST', '/admin/backup/create', { body: {} })
    if (status !== 200) throw new Error(text)
    durations.push(took)
  }
  return durations
}

async function askFor(
  port: number,
  path: string,
  ms: number,
  perSecond: number,
  encoding: string,
): Promise<CountedAnswer[]> {
  const connections = new HttpConnections(port, [
    `GET ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `authorization: Bearer ${token}`,
    `accept-encoding: ${encoding}`,
  ])
  const pending: Promise<CountedAnswer>[] = []
  const startedMs = performance.now()
  for (let count = 0; performance.now() - startedMs < ms; count++) {
    const dueMs = startedMs + (count * 1000) / perSecond
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    pending.push(connections.ask())
  }
  const answers = await Promise.all(pending)
  connections.close()
  return answers
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length

const folder = await makeProject()
const { child, port } = await startServer(folder)
try {
  await backUpFor(port, 1)
  let alone = await backUpFor(port, (seconds * 1000) / 2)
  for (const encoding of ['identity', 'gzip']) {
    const beforeMs = { server: processorMs(child.pid), client: processorMs(process.pid) }
    const [during, answers] = await Promise.all([
      backUpFor(port, seconds * 1000),
      askFor(port, '/admin/backup/list', seconds * 1000, Number(values.rate), encoding),
    ])
    const spentMs = {
      server: processorMs(child.pid) - beforeMs.server,
      client: processorMs(process.pid) - beforeMs.client,
    }
    const after = await backUpFor(port, (seconds * 1000) / 2)
    const base = mean([...alone, ...after])
    alone = after
    const failed = answers.filter(({ status }) => status !== 200).length
    const each = (ms: number) => (ms / answers.length).toFixed(2)
    console.log(
      `${answers.length} requests of list (${encoding}) in ${seconds} s, ${failed} failed: ${latencies(answers)}`,
    )
    console.log(
      `processor time for each: ${each(spentMs.server)} ms of the server (with what it does for the backups), ${each(spentMs.client)} ms of the client`,
    )
    console.log(
      `backups: ${(base / 1000).toFixed(2)} s alone, ${(mean(during) / 1000).toFixed(2)} s beside requests (${during.length}): ${((mean(during) / base - 1) * 100).toFixed(1)} % slower`,
    )
  }
  for (const path of [
    '/admin/backup/status',
    '/admin/backup/list',
    '/api/v1/snapshots?limit=1000',
    '/api/v1/snapshots?q=backup',
    '/api/v1/overview',
    '/api/v1/restores',
    '/api/v1/access-log',
    '/api/v1/alerts',
    '/api/v1/jobs',
    '/api/v1/snapshots/forgotten',
    '/api/v1/retention/preview',
    '/metrics',
  ]) {
    const all: Answer[] = []
    for (let count = 0; count < 50; count++) all.push(await ask(port, 'GET', path))
    console.log(
      `${path}: first ${all[0].ms.toFixed(1)} ms, ${latencies(all)}, status ${all[0].status}`,
    )
  }
} finally {
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
}
