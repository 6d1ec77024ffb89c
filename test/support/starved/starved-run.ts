import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../../src/index.ts'
import { commandScript, engine } from '../built-engine.ts'
import { directory, file, makeTree, type Tree } from '../make-tree.ts'
import { logLines, randomBytesOf } from '../random-bytes.ts'
import { scanTree, treeDifferences } from '../scan-tree.ts'

/** What a process has too little of. */
export interface Shortage {
  readonly name: string
  /** `bash`'s `ulimit` arguments, such as `-n 64`. */
  readonly ulimit?: string
  readonly heapMiB?: number
  /** Worker threads end themselves so long after they began. */
  readonly threadsDieAfterMs?: number
  /** The command has to do its work all the same. */
  readonly mustSucceed?: boolean
}

export interface StarvedOutcome {
  /** Exit status, or the signal that ended it. */
  readonly ended: number | string
  readonly tookMs: number
  readonly problems: readonly string[]
}

const hangMs = 120_000
const threads = '2'

/** A repository with one snapshot, and a source of which more is to be saved. */
export class StarvedWorld {
  readonly #folder: string
  readonly #source: string
  readonly #location: string
  readonly #known = new Set<string>()
  #first = ''

  constructor(folder: string) {
    this.#folder = folder
    this.#source = join(folder, 'source')
    this.#location = join(folder, 'repository')
  }

  async prepare(): Promise<void> {
    mkdirSync(this.#source)
    makeTree(this.#source, treeOf('first', 10))
    await engine.initRepository({ location: this.#location, chunkAverageBytes: 16 * 1024 })
    await this.#use(async (repository) => {
      const { snapshot } = await engine.snapshot(repository, {
        paths: [this.#source],
        base: this.#source,
      })
      this.#first = snapshot?.id ?? ''
      this.#known.add(this.#first)
    })
    rmSync(this.#source, { recursive: true })
    mkdirSync(this.#source)
    makeTree(this.#source, treeOf('second', 40))
  }

  /** One command with the shortage, a look at what it did, and the same command without. */
  async run(operation: 'snapshot' | 'restore', shortage: Shortage): Promise<StarvedOutcome> {
    const target = join(this.#folder, 'target')
    rmSync(target, { recursive: true, force: true })
    const argv =
      operation === 'snapshot'
        ? ['snapshot', this.#source, '--tag', shortage.name]
        : ['restore', this.#first, '--target', target]
    const startedAtMs = performance.now()
    const { ended, told } = await this.#command(argv, shortage)
    const tookMs = Math.round(performance.now() - startedAtMs)
    const problems: string[] = []
    if (ended === 'hangs') problems.push(`it hangs: ${told}`)
    if (shortage.mustSucceed === true && ended !== 0)
      problems.push(`it ends with ${ended}: ${told}`)
    if (typeof ended === 'number' && ended > 3 && ended !== 21 && ended !== 134) {
      problems.push(`status ${ended}: ${told}`)
    }
    problems.push(...(await this.#soundness(ended)))
    const again = await this.#command(argv, { name: 'none' })
    if (again.ended !== 0)
      problems.push(`without the shortage it ends with ${again.ended}: ${again.told}`)
    problems.push(...(await this.#soundness(again.ended)))
    return { ended, tookMs, problems }
  }

  async #command(
    argv: readonly string[],
    { ulimit, heapMiB, threadsDieAfterMs }: Shortage,
  ): Promise<{ ended: number | string; told: string }> {
    const node = [process.execPath]
    if (heapMiB !== undefined) node.push(`--max-old-space-size=${heapMiB}`)
    if (threadsDieAfterMs !== undefined)
      node.push('--require', this.#deathScript(threadsDieAfterMs))
    node.push(commandScript, '--repo', this.#location, '--quiet', ...argv)
    const line = `${ulimit === undefined ? '' : `ulimit ${ulimit}; `}exec "$@"`
    const child = spawn('bash', ['-c', line, 'bash', ...node], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOLDFAST_THREADS: threads, NODE_OPTIONS: '' },
      cwd: this.#folder,
    })
    let told = ''
    child.stderr.on('data', (bytes: Buffer) => (told = (told + bytes.toString()).slice(0, 1500)))
    let hangs = false
    const timer = setTimeout(() => {
      hangs = true
      child.kill('SIGKILL')
    }, hangMs)
    const ended = await new Promise<number | string>((resolve) => {
      child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'))
    })
    clearTimeout(timer)
    return { ended: hangs ? 'hangs' : ended, told }
  }

  #deathScript(afterMs: number): string {
    const path = join(this.#folder, 'die.cjs')
    writeFileSync(
      path,
      `const { isMainThread } = require('node:worker_threads')
if (!isMainThread) setTimeout(() => process.exit(7), ${afterMs})
`,
    )
    return path
  }

  /** Every snapshot that is there is whole, and none is there that no command had acknowledged. */
  async #soundness(ended: number | string): Promise<string[]> {
    return await this.#use(async (repository) => {
      const problems: string[] = []
      const ids = engine.listSnapshots(repository).map(({ id }) => id)
      const news = ids.filter((id) => !this.#known.has(id))
      for (const id of news) this.#known.add(id)
      if (news.length > (ended === 0 ? 1 : 0))
        problems.push(`${news.length} new snapshots after ${ended}`)
      for (const id of this.#known) if (!ids.includes(id as never)) problems.push(`${id} is gone`)
      const { damaged } = await engine.verify(repository, {})
      problems.push(...damaged.map(({ message }) => message))
      if (news.length > 0) problems.push(...(await this.#differences(repository, news[0])))
      const locks = readdirSync(join(this.#location, 'locks'))
      if (locks.length > 0) problems.push(`a lock is left after ${ended}`)
      // As if it were tomorrow.
      const long = new Date(Date.now() - 3_600_000)
      for (const name of readdirSync(join(this.#location, 'tmp'))) {
        utimesSync(join(this.#location, 'tmp', name), long, long)
      }
      return problems
    })
  }

  async #differences(repository: Repository, id: string): Promise<string[]> {
    const target = join(this.#folder, 'judged')
    rmSync(target, { recursive: true, force: true })
    await engine.restore(repository, {
      snapshot: engine.resolveSnapshot(repository, id),
      target: Buffer.from(target),
    })
    const ignored = ['links'] as const
    return treeDifferences(scanTree(this.#source), scanTree(join(target, this.#source)), ignored)
  }

  async #use<T>(work: (repository: Repository) => Promise<T>): Promise<T> {
    const repository = await engine.openRepository({
      location: this.#location,
      cacheDirectory: `${this.#location}-cache`,
    })
    try {
      return await work(repository)
    } finally {
      await repository.close()
    }
  }
}

/** Many directories, so that descriptors are short; enough bytes for several batches. */
function treeOf(seed: string, folders: number): Tree {
  const tree: Record<string, Tree[string]> = {
    large: file(randomBytesOf(seed, 6_000_000)),
  }
  for (let index = 0; index < folders; index++) {
    tree[`folder-${index}`] = directory({
      one: file(logLines(`${seed} ${index}`, 20_000)),
      inner: directory({ two: file(`${seed} ${index}`), deep: directory({ three: file('3') }) }),
    })
  }
  return tree
}
