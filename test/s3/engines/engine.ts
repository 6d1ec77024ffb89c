import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'

import { freePorts } from './free-ports.ts'

/** Where an object store of the tests is, and who may use it. */
export interface S3Access {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A running object store. It ends with the process that started it, however that ends. */
export interface Engine {
  readonly access: S3Access
  /** Its settings, data and logs; removed at the end. */
  readonly folder: string
  /** SIGKILL for one part (the script's header names them), or for all. */
  kill(part?: string): Promise<void>
  /** Starts the parts that do not run, and waits until they serve. */
  restart(): Promise<void>
  /** Of each part, whether it runs. */
  status(): Promise<Readonly<Record<string, boolean>>>
  /** Runs a command of its packages; gives what it prints. */
  run(...command: readonly string[]): Promise<string>
  /** Ends all parts and removes the folder. */
  remove(): Promise<void>
}

export interface EngineKind {
  /** In this folder. */
  readonly script: 'ceph.sh' | 'swift.sh'
  /** How many consecutive ports it takes. */
  readonly portCount: number
  /** What the script is told through its environment. */
  readonly settings: Readonly<Record<string, string>>
  /** Where its folder is made. */
  readonly parent: string
}

/** Somebody may take a port between the look at it and its use. */
const attemptsMax = 3
const installMsMax = 840_000
const commandMsMax = 180_000

/** Installs the packages unless they are there. At most one process does at a time; others wait for it. */
export async function installEngine(script: EngineKind['script']): Promise<void> {
  await runScript(script, ['install'], { msMax: installMsMax, tellErrors: true })
}

/** Installs what is missing, and starts a new, empty store. */
export async function startEngine(kind: EngineKind): Promise<Engine> {
  await installEngine(kind.script)
  for (let attempt = 1; ; attempt++) {
    const engine = await holdEngine(kind)
    try {
      await engine.restart()
      return engine
    } catch (error) {
      await engine.remove()
      if (attempt === attemptsMax) throw error
    }
  }
}

async function holdEngine({ script, portCount, settings, parent }: EngineKind): Promise<Engine> {
  const port = await freePorts(portCount)
  // The script sweeps away what tests that were killed left under such names.
  const folder = await mkdtemp(join(parent, 'holdfast-engine-'))
  const holder = spawn(scriptPath(script), ['hold', folder, String(port)], {
    // Its input ends when this process does, and all of the engine with it.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...settings },
    detached: true,
  })
  const holderEnded = once(holder, 'close')
  await isHeld(holder)
  const run = (...args: readonly string[]): Promise<string> => runScript(script, args)
  return {
    access: parseAccess(await run('access', folder)),
    folder,
    async kill(part = 'all') {
      await run('kill9', folder, part)
    },
    async restart() {
      await run('start', folder)
    },
    async status() {
      const lines = (await run('status', folder)).matchAll(/^(\w+): (runs|is dead)$/gm)
      return Object.fromEntries([...lines].map(([, part = '', state]) => [part, state === 'runs']))
    },
    run: (...command) => run('in', folder, ...command),
    async remove() {
      holder.stdin.end()
      await holderEnded
    },
  }
}

/** Resolves when the namespaces are there; rejects with what the script says when they cannot be. */
async function isHeld(holder: ChildProcess): Promise<void> {
  let errors = ''
  holder.stderr?.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  const ended = once(holder, 'exit').then(() => {
    throw new Error(`The object store has no process to hold it: ${errors}`)
  })
  await Promise.race([once(holder.stdout!, 'data'), ended])
  ended.catch(() => undefined)
  // Neither the process nor its pipes keep the tests from ending.
  holder.stdout?.resume()
}

function parseAccess(text: string): S3Access {
  const valueOf = (name: string): string => {
    const value = new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`The object store does not say its ${name}: ${text}`)
    return value
  }
  return {
    endpoint: valueOf('endpoint'),
    region: valueOf('region'),
    accessKeyId: valueOf('accessKeyId'),
    secretAccessKey: valueOf('secretAccessKey'),
  }
}

function scriptPath(script: string): string {
  return join(import.meta.dirname, script)
}

interface RunOptions {
  readonly msMax?: number
  /** Also to our own standard error, as it comes. */
  readonly tellErrors?: boolean
}

async function runScript(
  script: string,
  args: readonly string[],
  { msMax = commandMsMax, tellErrors = false }: RunOptions = {},
): Promise<string> {
  const child = spawn(scriptPath(script), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
    if (tellErrors) process.stderr.write(bytes)
  })
  // With what it has started: it leads a group of its own.
  const end = (): void => void process.kill(-child.pid!, 'SIGKILL')
  const timer = setTimeout(() => {
    errors += `stopped after ${msMax / 1000} s`
    end()
  }, msMax)
  process.once('exit', end)
  const [status] = (await once(child, 'close')) as [number | null]
  process.off('exit', end)
  clearTimeout(timer)
  if (status !== 0) throw new Error(`${script} ${args.join(' ')}: ${errors.trim()}`)
  return output
}
