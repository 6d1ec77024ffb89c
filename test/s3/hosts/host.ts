import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { S3Access } from '../engines/engine.ts'
import { openProxy, type Act, type Exchange, type StoreProxy } from '../support/open-proxy.ts'

const main = join(import.meta.dirname, '../../../dist/cli/main.js')
/** No command on these small repositories takes minutes, unless it waits for a lease that it is told to wait for. */
const hangsAfterMs = 240_000
export const passphrase = 'correct horse'

/** Where the repository of all hosts is. */
export interface HostPlace {
  readonly access: S3Access
  readonly bucket: string
  readonly prefix: string
}

export interface HostOptions {
  readonly place: HostPlace
  /** In which its home and its cache are made. */
  readonly folder: string
  readonly name: string
  readonly leaseSeconds: number
}

/** A command on a host: what it asked the store for, and what it said. */
export interface HostRun {
  readonly host: string
  readonly argv: readonly string[]
  readonly process: ChildProcess
  readonly exchanges: HostExchange[]
  readonly startedAtMs: number
  endedAtMs: number | undefined
  wasKilled: boolean
  status: number | null
  output: string
  errors: string
  readonly finished: Promise<void>
}

export interface HostExchange extends Exchange {
  /** Of the object below the repository's prefix, such as `packs/…`; of a listing the folder. */
  readonly name: string
}

/** What a host does at a time: each kind of work goes through a proxy of its own, so that requests of two processes are told apart. */
export type Lane = 'backup' | 'upkeep'

/** A machine of its own for all that Holdfast can see: name, home, cache, and way to the store. */
export interface Host {
  readonly name: string
  /** One command at a time on each lane. */
  start(argv: readonly string[], lane?: Lane): HostRun
  /** Runs a command that has to succeed. */
  done(argv: readonly string[], lane?: Lane): Promise<HostRun>
  kill(run: HostRun): void
  /** From now on nobody can tell by the machine's name and process ids that those before are gone. */
  reboot(): void
  close(): void
}

/** Decides what becomes of a request of the command that runs. */
export type HostAct = (run: HostRun, method: string, name: string) => Act

export async function openHost(
  options: HostOptions,
  watch: {
    readonly act?: HostAct
    readonly onAnswer?: (run: HostRun, at: HostExchange) => void
  } = {},
): Promise<Host> {
  if (!existsSync(main)) throw new Error('The command is not built: run `npm run build`')
  const { place, name, folder } = options
  const current = new Map<Lane, HostRun>()
  const proxies = new Map<Lane, StoreProxy>()
  let boots = 0
  const openLane = async (lane: Lane): Promise<void> => {
    const exchanges = new Map<Exchange, [HostRun, HostExchange]>()
    const proxy = await openProxy(place.access.endpoint, {
      act: (request) => {
        const run = current.get(lane)
        const [path = '', query = ''] = request.url?.split('?') ?? []
        if (!run || !watch.act) return 'pass'
        return watch.act(run, request.method ?? '', nameOf(place, path, query))
      },
      keepsBody: (path) => /\/(?:index|condemned|locks)\/\w+$/.test(path),
      onRequest: (exchange) => {
        const run = current.get(lane)
        if (!run) return
        // The same object, so that what comes later is seen.
        const of = nameOf(place, exchange.path, exchange.query)
        const named = Object.assign(exchange, { name: of })
        run.exchanges.push(named)
        exchanges.set(exchange, [run, named])
      },
      onAnswer: (exchange) => {
        const known = exchanges.get(exchange)
        exchanges.delete(exchange)
        if (known) watch.onAnswer?.(...known)
      },
    })
    proxies.set(lane, proxy)
  }
  await openLane('backup')
  await openLane('upkeep')
  const environment = (lane: Lane): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: join(folder, `home-${name}`),
    HOLDFAST_CACHE_DIR: join(folder, `cache-${name}`),
    HOLDFAST_REPOSITORY: `s3:${proxies.get(lane)?.endpoint}/${place.bucket}/${place.prefix}`,
    HOLDFAST_PASSPHRASE: passphrase,
    HOLDFAST_LEASE_SECONDS: String(options.leaseSeconds),
    AWS_ACCESS_KEY_ID: place.access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: place.access.secretAccessKey,
    AWS_REGION: place.access.region,
    AWS_EC2_METADATA_DISABLED: 'true',
  })
  const start: Host['start'] = (argv, lane = 'backup') => {
    const machine = `${name}-${boots}`
    const words = ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', machine]
    // With the process that started it ends the command, however that ends.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', ...words, process.execPath, main, ...argv],
      {
        env: environment(lane),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const run = follow(child, name, argv)
    current.set(lane, run)
    return run
  }
  return {
    name,
    start,
    async done(argv, lane) {
      const run = start(argv, lane)
      await run.finished
      if (run.status === 0) return run
      throw new Error(`${name}: holdfast ${argv.join(' ')}: status ${run.status}\n${run.errors}`)
    },
    kill(run) {
      if (run.endedAtMs !== undefined) return
      // `exec` all the way down: this is the process that works.
      run.wasKilled = run.process.kill('SIGKILL')
    },
    reboot() {
      boots += 1
    },
    close() {
      for (const run of current.values())
        if (run.endedAtMs === undefined) run.process.kill('SIGKILL')
      for (const proxy of proxies.values()) proxy.close()
    },
  }
}

function follow(child: ChildProcess, host: string, argv: readonly string[]): HostRun {
  const timer = setTimeout(() => child.kill('SIGKILL'), hangsAfterMs)
  const run: HostRun = {
    host,
    argv,
    process: child,
    exchanges: [],
    startedAtMs: performance.now(),
    endedAtMs: undefined,
    wasKilled: false,
    status: null,
    output: '',
    errors: '',
    finished: once(child, 'close').then(([status]) => {
      clearTimeout(timer)
      run.status = status as number | null
      run.endedAtMs = performance.now()
    }),
  }
  child.stdout?.on('data', (bytes: Buffer) => (run.output += bytes.toString()))
  child.stderr?.on('data', (bytes: Buffer) => (run.errors += bytes.toString()))
  return run
}

/** Of an object below the repository's prefix; of a listing the folder, which stands behind the question mark. */
function nameOf({ bucket, prefix }: HostPlace, path: string, query: string): string {
  const base = `/${bucket}/${prefix}/`
  if (path.startsWith(base)) return decodeURIComponent(path.slice(base.length))
  const listed = new URLSearchParams(query).get('prefix') ?? ''
  return listed.startsWith(`${prefix}/`) ? listed.slice(prefix.length + 1) : ''
}

/** The `summary` of a command; undefined when it did not get so far. */
export function summaryOf(run: HostRun): Readonly<Record<string, unknown>> | undefined {
  // The last line of a killed process may be a half.
  for (const line of run.output.split('\n')) {
    if (!line.includes('"message_type":"summary"') || !line.endsWith('}')) continue
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  }
  return undefined
}
