import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listSnapshots, snapshot, verify } from '../../../src/index.ts'
import type { MetFault } from '../fault-shim/fault-control.ts'
import { runCommand, type EndedCommand } from './run-command.ts'
import { restoredDiffers, type Scenario } from './scenarios.ts'
import type { SweepJob } from './sweep-job.ts'
import type { SweepWorld } from './sweep-world.ts'

export interface JudgedTurn {
  readonly job: SweepJob
  readonly world: SweepWorld
  readonly scenario: Scenario
  readonly ended: EndedCommand
  readonly met: MetFault
  /** Descriptors that are open and were not before. */
  readonly leaked: number
}

/** Statuses that a fault of the repository may end with (docs/ERRORS.md). */
const repositoryCodes: ReadonlySet<string> = new Set([
  'STORAGE_FAILED',
  'STORAGE_FULL',
  'CATALOGUE_FAILED',
  'REPOSITORY_DAMAGED',
  'OBJECT_DAMAGED',
  'OBJECT_MISSING',
])

/** @returns everything that was not as it should be */
export async function judgeTurn(turn: JudgedTurn): Promise<string[]> {
  const problems: string[] = []
  const { world, scenario, ended, job } = turn
  problems.push(...judgeEnd(turn))
  problems.push(...judgeLeftovers(turn))
  const before = listOf(world)
  problems.push(...(await judgeKept(turn)))
  if (ended.status === 0 && scenario.missing !== undefined) {
    problems.push(...(await attempt('after success', () => scenario.missing(world))))
  }
  if (job.root === 'source' && ended.status === 3) problems.push(...(await judgeIncomplete(turn)))
  if (ended.status !== 0) problems.push(...(await judgeAgain(turn)))
  void before
  return problems
}

function listOf(world: SweepWorld): string[] {
  return world.namesIn('snapshots')
}

async function attempt(what: string, work: () => Promise<string[]>): Promise<string[]> {
  try {
    return (await work()).map((problem) => `${what}: ${problem}`)
  } catch (error) {
    return [`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
}

/** Status, message and side of the fault. */
function judgeEnd({ job, world, ended, met, leaked }: JudgedTurn): string[] {
  const problems: string[] = []
  if (met.syncsAfterFailure > 0) problems.push('a file was synced again after its sync had failed')
  if (leaked > 0) problems.push(`${leaked} descriptors are left open`)
  if (ended.code === 'INTERNAL') problems.push(`internal fault: ${ended.told}`)
  if (met.hits === 0 || job.mode.startsWith('short')) {
    if (ended.status !== 0) problems.push(`status ${ended.status} without a fault: ${ended.told}`)
    return problems
  }
  return [...problems, ...judgeMessage({ job, world, ended }), ...judgeSide(job, ended)]
}

function judgeMessage({
  job,
  world,
  ended,
}: Pick<JudgedTurn, 'job' | 'world' | 'ended'>): string[] {
  const problems: string[] = []
  const text = ended.told
  if (ended.status === 0 || text === '') return problems
  const named = [...world.rootsOf('repository'), world.target, world.source]
  if (!named.some((path) => text.includes(path))) problems.push(`no path is named: ${text}`)
  if (!namesReason(text, job.error)) problems.push(`no reason is named: ${text}`)
  return problems
}

/** A fault of the repository is never told as one of a source, nor the other way round (borg #1138, #9853). */
function judgeSide({ root, scenario }: SweepJob, { status, code, told }: EndedCommand): string[] {
  if (status === 0) return []
  if (root === 'source') {
    if (status === 3 || code === 'PATH_NOT_FOUND') return []
    return [`a fault of the source ends with ${status}: ${told}`]
  }
  if (root === 'target')
    return status === 1 ? [] : [`a fault of the target ends with ${status}: ${told}`]
  if (status === 3) return ['a fault of the repository is told as an unreadable source']
  // A check goes on, names what it could not read in lines of their own, and has no error of its own then. A catalogue that
  // SQLite cannot read is malformed in its words.
  const isNamed = scenario === 'check' && told === '' && (status === 20 || status === 21)
  return isNamed || repositoryCodes.has(code) ? [] : [`status ${status} ${code}: ${told}`]
}

/** SQLite has its own words and does not tell the errno. */
function namesReason(text: string, error: string): boolean {
  return (
    text.includes(error) ||
    /disk I\/O error|database or disk is full|unable to open database file|locking protocol|directory does not exist|image is malformed|readonly database/.test(
      text,
    )
  )
}

function judgeLeftovers({ world, ended, met, job }: JudgedTurn): string[] {
  const problems: string[] = []
  const isPersistent = job.mode === 'from'
  const isUnlink = met.kind === 'unlink'
  const locks = world.namesIn('locks')
  if (locks.length > 0 && !isPersistent && !(isUnlink && met.path.includes('/locks/'))) {
    problems.push(`locks are left: ${locks.join(' ')}`)
  }
  // The process lives on; a command's does not.
  for (const name of locks) {
    const path = join(world.repository, 'locks', name)
    const record = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...record, pid: 4_194_303 }))
  }
  const temporary = world.namesIn('tmp')
  if (temporary.length > 0 && !isPersistent && !(isUnlink && met.path.includes('/tmp/'))) {
    problems.push(`files are left in tmp/ (${ended.status}): ${temporary.length}`)
  }
  const long = new Date(Date.now() - 3_600_000)
  for (const name of temporary) utimesSync(join(world.repository, 'tmp', name), long, long)
  if (job.root === 'target') problems.push(...partialFiles(world))
  return problems
}

/** Names under which a restore keeps what is not whole yet are no names of files of the snapshot. */
function partialFiles(world: SweepWorld): string[] {
  const expected = [...world.kept.values()].at(-1)
  const problems: string[] = []
  const walk = (folder: string, prefix: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = prefix + entry.name
      if (entry.isDirectory()) walk(join(folder, entry.name), `${path}/`)
      else if (!expected?.has(path) && path !== 'foreign')
        problems.push(
          `left in the target: ${path} (${statSync(join(folder, entry.name)).size} bytes)`,
        )
    }
  }
  walk(world.target, '')
  return problems
}

async function judgeKept({ world, ended, job, met }: JudgedTurn): Promise<string[]> {
  if (job.scenario === 'init') return []
  return await attempt(
    'kept',
    async () =>
      await world.use(async (repository) => {
        const problems: string[] = []
        for (const { name, error } of repository.unusable)
          problems.push(`${name}: ${error.message}`)
        const ids = new Set(listSnapshots(repository).map(({ id }) => id as string))
        for (const id of world.kept.keys()) if (!ids.has(id)) problems.push(`${id} is gone`)
        const isSaving = job.scenario === 'snapshot' || job.scenario === 'first snapshot'
        const expected = job.scenario === 'snapshot' ? world.kept.size + 1 : world.kept.size
        // On a disk that gives nothing more from then on, one whose name may be durable or not cannot be taken back; it has to be whole.
        const mayStay = job.mode === 'from' && ended.code === 'STORAGE_FAILED'
        const isRefused = ended.status !== 0 && ended.status !== 3
        if (isSaving && isRefused && ids.size > expected && !mayStay) {
          problems.push(
            `a snapshot is there that was not acknowledged (${met.call} ${world.shorten(met.path)})`,
          )
        }
        const found = await verify(repository, {})
        problems.push(...found.damaged.map(({ message }) => message))
        return problems
      }),
  )
}

/** Everything but what is named as unreadable has to be saved. */
async function judgeIncomplete({ world, ended, job }: JudgedTurn): Promise<string[]> {
  const lines = ended.fileLines
  const problems: string[] = []
  if (lines.length === 0) problems.push('status 3 and no file is named')
  for (const { item, message } of lines) {
    if (!item.startsWith(world.source)) problems.push(`a path is missing: ${item} ${message}`)
    if (!message.includes(job.error)) problems.push(`no reason is named: ${message}`)
  }
  if (job.mode === 'once' && lines.length > 1) {
    problems.push(`${lines.length} lines for one fault: ${JSON.stringify(lines)}`)
  }
  const named = lines.map(({ item }) => item.slice(world.source.length + 1))
  const differing = await attempt('incomplete', async () => {
    const id = await world.use(async (repository) => listSnapshots(repository).at(-1)?.id ?? '')
    return await restoredDiffers(world, id)
  })
  const others = differing.filter((line) => {
    const path = line.replace(/^incomplete: /, '')
    return !named.some(
      (name) => name === '' || path.startsWith(`${name}:`) || path.startsWith(`${name}/`),
    )
  })
  // A folder that misses an entry has its own times and size all the same.
  problems.push(...others)
  return problems
}

async function judgeAgain({ world, scenario }: JudgedTurn): Promise<string[]> {
  const statuses = scenario.again ?? [0]
  if (statuses.length === 0) return []
  const again = await runCommand(scenario.command(world), world)
  const problems: string[] = []
  if (!statuses.includes(again.status)) {
    problems.push(`run again it ends with ${again.status}: ${again.told}`)
  }
  if (again.status === 0) problems.push(...(await attempt('again', () => scenario.missing(world))))
  if (world.namesIn('locks').length > 0) problems.push('run again it leaves a lock')
  if (world.namesIn('tmp').length > 0) {
    problems.push(
      ...(await attempt('sweeping', async () => {
        await world.use(async (repository) => {
          await snapshot(repository, { paths: ['/dev/null'] })
        })
        return world.namesIn('tmp').map((name) => `tmp/${name} is left for good`)
      })),
    )
  }
  return problems
}
