/** Does one operation on a repository: `engine-child.js '{"operation":…}'`. It is killed, or run beside others, by tests. */
import { writeSync } from 'node:fs'
import {
  copySnapshots,
  forgetSnapshots,
  HoldfastError,
  listSnapshots,
  openRepository,
  prune,
  repairCatalogue,
  resolveSnapshot,
  snapshot,
  verify,
  type Repository,
} from '../../../src/index.ts'

export interface ChildTask {
  readonly operation: 'snapshot' | 'prune' | 'repair' | 'verify' | 'delete' | 'copy'
  readonly location: string
  readonly cacheDirectory: string
  readonly passphrase?: string
  readonly source?: string
  readonly hostname?: string
  /** The repository that is copied from. */
  readonly from?: {
    readonly location: string
    readonly cacheDirectory: string
    readonly passphrase?: string
  }
  /** Stops for ever at this call of the storage, to be killed there. */
  readonly pause?: {
    readonly call: 'put' | 'delete' | 'sync'
    readonly prefix: string
    readonly when: 'before' | 'after'
    /** Which of the calls with that prefix, from 1. */
    readonly nth: number
  }
}

const task = JSON.parse(process.argv[2]) as ChildTask
const say = (text: string): void => {
  writeSync(1, `${text}\n`)
}

function pauseWhereAsked({ storage }: Repository): void {
  const { pause } = task
  if (!pause) return
  const { call, prefix, when, nth } = pause
  const work = storage[call].bind(storage) as (name: string, bytes: Uint8Array) => Promise<void>
  let count = 0
  const stopForEver = (): Promise<never> => {
    say('paused')
    setInterval(() => undefined, 1000)
    return new Promise(() => undefined)
  }
  Object.assign(storage, {
    [call]: async (name: string, bytes: Uint8Array) => {
      const isHere = name.startsWith(prefix) && ++count === nth
      if (isHere && when === 'before') await stopForEver()
      await work(name, bytes)
      if (isHere) await stopForEver()
    },
  })
}

async function run(repository: Repository): Promise<string> {
  switch (task.operation) {
    case 'snapshot': {
      const source = task.source ?? ''
      const result = await snapshot(repository, {
        paths: [source],
        base: source,
        ...(task.hostname !== undefined && { hostname: task.hostname }),
      })
      return `saved ${result.snapshot?.id ?? ''} ${JSON.stringify(result.statistics)}`
    }
    case 'copy': {
      if (!task.from) throw new Error('Nothing to copy from')
      const source = await openRepository(task.from)
      const { snapshots } = await copySnapshots(repository, source)
      await source.close()
      return `copied ${snapshots.map(({ outcome }) => outcome).join(' ')}`
    }
    case 'prune':
      return `pruned ${JSON.stringify(await prune(repository, { unused: { ratio: 0 }, graceMs: 0 }))}`
    case 'repair':
      return `repaired ${JSON.stringify(await repairCatalogue(repository))}`
    case 'verify':
      return `verified ${(await verify(repository, {})).damaged.map((found) => found.message).join('; ')}`
    case 'delete':
    default: {
      const [oldest] = listSnapshots(repository)
      await forgetSnapshots(repository, [resolveSnapshot(repository, oldest.id)])
      return `deleted ${oldest.id}`
    }
  }
}

try {
  const { location, cacheDirectory, passphrase } = task
  const repository = await openRepository({
    location,
    cacheDirectory,
    ...(passphrase !== undefined && { passphrase }),
  })
  pauseWhereAsked(repository)
  say('open')
  say(await run(repository))
  await repository.close()
} catch (error) {
  say(
    error instanceof HoldfastError
      ? `failed ${error.code} ${error.message}`
      : `crashed ${String(error)}`,
  )
  process.exitCode = 1
}
