import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashStep, CrashTask } from '../support/children/crash-child.ts'
import { scanTree, treeDifferences } from '../support/scan-tree.ts'
import { buildShim } from './crash/build-shim.ts'
import { drawSteps, openStepCosts, type StepCosts } from './crash/crash-plan.ts'
import {
  checkContents,
  checkLeftovers,
  checkNewest,
  checkPresence,
  createRepository,
  type CrashRepository,
} from './crash/crash-repository.ts'
import {
  buildDiskTool,
  hasXfs,
  openDisk,
  whyNoPowerCut,
  type Disk,
  type FileSystemKind,
} from './crash/disk.ts'
import { openLedger } from './crash/ledger.ts'
import { openSourceFolder } from './crash/source-folder.ts'
import { openCopies, type CrashRun, type Standby } from './crash/standby.ts'
import { warmUpTasks } from './crash/warm-up.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

const kinds: readonly FileSystemKind[] = [
  { type: 'ext4', options: 'data=ordered' },
  { type: 'ext4', options: 'data=writeback' },
  { type: 'ext4', options: 'nodelalloc' },
  { type: 'ext4', options: 'noauto_da_alloc' },
  { type: 'ext4', options: 'commit=1' },
  ...(hasXfs() ? [{ type: 'xfs', options: 'rw' } as const] : []),
]

const processesMax = 2
/** After so many cuts the next kind of file system has its turn, with a new repository. */
const cutsPerDisk = 42
const cutsPerContentCheck = 14
/** Cuts with a disk that lies about `fsync` until the harness has to have seen a loss. */
const lyingCutsMax = 25

interface Tally {
  cuts: number
  readonly cutsOn: Record<string, number>
  readonly cutsIn: Record<string, number>
  cutsAtCalls: number
  cutsBesideOthers: number
  cutsAfterRestore: number
  busErrors: number
  acknowledged: number
  contentChecks: number
  repositories: number
}

interface Attack {
  readonly context: SoakContext
  readonly copies: readonly Standby[]
  readonly costs: StepCosts
  readonly tally: Tally
  readonly tool: string
  /** Cuts of this call; the tally counts on. */
  readonly cutsMax: number
}

export const soak: Soak = {
  proves:
    'The power of a loop-mounted file system (ext4 with five sets of options, XFS) is cut at random moments of snapshot, delete, prune\n' +
    'and repair. Nothing acknowledged is lost, every repository opens without a manual step, verifies, and restores to what the\n' +
    'sources were. With an fsync that does nothing, losses have to be found: the harness sees what it should. Needs root.',
  takes: 'about 15 min',
  unit: 'cuts',
  countDefault: 1000,
  async run(context) {
    const reason = await whyNoPowerCut()
    if (reason !== undefined) throw new Error(`Cannot cut power here: ${reason}`)
    const tool = buildDiskTool(context.folder)
    const tally = newTally()
    const lying = await lie(context, tool)
    await withCopies(context, {}, async (copies) => {
      const attack = { context, copies, costs: openStepCosts(), tally, tool, cutsMax: cutsPerDisk }
      while (tally.cuts < context.count && !context.isOver()) {
        const kind = kinds[tally.repositories % kinds.length]
        const violations = await attackDisk(attack, kind)
        for (const text of violations) context.violation(`cut ${tally.cuts}: ${text}`)
        if (violations.length > 0) break
      }
    })
    const { cuts, cutsOn, cutsIn, ...figures } = tally
    return {
      done: cuts,
      figures: {
        ...figures,
        cutsOn: JSON.stringify(cutsOn),
        cutsIn: JSON.stringify(cutsIn),
        'with fsync switched off': lying,
      },
    }
  },
}

function newTally(): Tally {
  return {
    cuts: 0,
    cutsOn: {},
    cutsIn: {},
    cutsAtCalls: 0,
    cutsBesideOthers: 0,
    cutsAfterRestore: 0,
    busErrors: 0,
    acknowledged: 0,
    contentChecks: 0,
    repositories: 0,
  }
}

/** With `fsync` switched off the same attack has to find losses: else it finds none anywhere. */
async function lie(context: SoakContext, tool: string): Promise<string> {
  const tally = newTally()
  let violations: string[] = []
  await withCopies(context, { HOLDFAST_SOAK_NO_SYNC: '1' }, async (copies) => {
    const attack = { context, copies, costs: openStepCosts(), tally, tool, cutsMax: lyingCutsMax }
    const quiet = { ...context, count: Infinity, progress: () => undefined }
    violations = await attackDisk({ ...attack, context: quiet }, kinds[0])
  })
  if (violations.length === 0) {
    context.violation(
      `with fsync switched off ${tally.cuts} cuts lost nothing: the harness is blind`,
    )
  }
  return `${violations.length} faults at cut ${tally.cuts}, such as: ${violations[0] ?? 'none'}`
}

/** The same for all disks: the preloaded library is told only once. */
function mountPoint({ folder }: SoakContext): string {
  return join(folder, 'mount')
}

async function withCopies(
  context: SoakContext,
  env: Readonly<Record<string, string>>,
  use: (copies: readonly Standby[]) => Promise<void>,
): Promise<void> {
  const warmUp = await warmUpTasks(context)
  const copies: Standby[] = []
  const complete = {
    LD_PRELOAD: buildShim(context.folder),
    HOLDFAST_SOAK_CUT: mountPoint(context),
    ...env,
  }
  try {
    for (let at = 0; at < processesMax; at++) copies.push(await openCopies(complete, warmUp))
    await use(copies)
  } finally {
    for (const each of copies) await each.close()
  }
}

/** @returns violations: the first ones end it, and the image stays as it is */
async function attackDisk(attack: Attack, kind: FileSystemKind): Promise<string[]> {
  const { context, tally, tool } = attack
  const { random } = context
  tally.repositories += 1
  const end = Math.min(context.count, tally.cuts + attack.cutsMax)
  const folder = mkdtempSync(join(context.folder, 'disk-'))
  const disk = openDisk(folder, kind, tool, mountPoint(context))
  let isSound = false
  try {
    disk.mount()
    const target: CrashRepository = {
      ...(await createRepository(join(disk.path, 'repository'), tally.repositories % 4 === 0)),
      ledger: openLedger(),
      sources: ['a', 'b'].map((name) => openSourceFolder(folder, name, random)),
    }
    // The harness itself wrote the cheap key slot. What is not encrypted shows whether `init` is durable.
    if (target.passphrase !== undefined) disk.sync()
    let nextContentCheck = tally.cuts + cutsPerContentCheck
    while (tally.cuts < end && !context.isOver()) {
      const violations = await attackOnce(attack, target, disk)
      tally.cuts += 1
      const name = `${kind.type} ${kind.options}`
      tally.cutsOn[name] = (tally.cutsOn[name] ?? 0) + 1
      violations.push(...(await checkPresence(target)))
      if (tally.cuts >= nextContentCheck || violations.length > 0) {
        nextContentCheck = tally.cuts + cutsPerContentCheck
        tally.contentChecks += 1
        violations.push(...(await checkContents(target)))
      } else {
        violations.push(...(await checkNewest(target)))
      }
      if (violations.length > 0) return violations
      disk.sync()
      context.progress(tally.cuts, name)
    }
    const last = [...(await checkLeftovers(target)), ...(await checkContents(target))]
    isSound = last.length === 0
    return last
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  } finally {
    await disk.release()
    if (isSound) rmSync(folder, { recursive: true })
  }
}

/** One or two processes, and a cut while they work; then the disk comes back. */
async function attackOnce(attack: Attack, target: CrashRepository, disk: Disk): Promise<string[]> {
  const { context, copies, costs, tally } = attack
  const { random } = context
  if (random() < 0.3) disk.makeNoise(Math.floor(random() * 2 ** 31))
  if (random() < 0.05) return await cutAfterRestore(attack, target, disk)
  const processes = random() < 0.25 ? processesMax : 1
  const isAtCall = random() < 0.4
  const works: Promise<CrashRun>[] = []
  let workMs = 0
  // Some cuts come when the work is done: what was acknowledged last must be there, and after any cut before a whole run must succeed.
  let isSpared = random() < 0.15
  const saved = target.ledger.saved()
  for (let at = 0; at < processes; at++) {
    const source = target.sources[at]
    source.change()
    const steps = drawSteps(random, source, saved, processes === 1)
    isSpared ||= !costs.knows(steps)
    const call = 1 + Math.floor(random() * costs.calls(steps))
    const order = isAtCall && !isSpared && at === 0 ? `cut-before/${call}` : 'count/0'
    works.push(copies[at].run(taskOf(target, steps, order)))
    workMs = Math.max(workMs, costs.ms(steps))
  }
  const afterMs = random() * workMs * processes
  const timer = isAtCall || isSpared ? undefined : setTimeout(() => disk.cut(), afterMs)
  const violations: string[] = []
  for (const work of works) violations.push(...noteRun(attack, target, await work, processes))
  clearTimeout(timer)
  if (isAtCall && !isSpared) tally.cutsAtCalls += 1
  if (processes > 1) tally.cutsBesideOthers += 1
  await comeBack(disk)
  return violations
}

function taskOf(
  { location, cacheDirectory, passphrase }: CrashRepository,
  steps: readonly CrashStep[],
  order: string,
): CrashTask {
  return {
    location,
    cacheDirectory,
    ...(passphrase !== undefined && { passphrase }),
    threads: 0,
    order,
    steps,
  }
}

/** Errors that a process may end with when its disk vanishes. */
const expectedErrors =
  /^failed (?:STORAGE_FAILED|CATALOGUE_FAILED|REPOSITORY_NOT_FOUND|OBJECT_MISSING) /

function noteRun(
  { costs, tally }: Attack,
  { ledger }: CrashRepository,
  run: CrashRun,
  processes: number,
): string[] {
  const violations: string[] = []
  ledger.note(run)
  const failed = run.lines.findIndex((line) => line.startsWith('failed '))
  const before = failed < 0 ? run.lines : run.lines.slice(0, failed)
  const begun = before.filter((line) => line.startsWith('begin ')).length
  const where = failed < 0 ? 'none' : run.steps[begun - 1].do
  tally.cutsIn[where] = (tally.cutsIn[where] ?? 0) + 1
  costs.note({ ...run, lines: before })
  // SQLite's log index is mapped memory: when its file system is gone, reading it ends the process.
  if (run.errors.startsWith('status -7')) tally.busErrors += 1
  else if (run.errors !== '') violations.push(`a process ended with: ${run.errors}`)
  for (const line of run.lines) {
    if (line.startsWith('saved ')) tally.acknowledged += 1
    if (!line.startsWith('failed ') || expectedErrors.test(line)) continue
    if (processes === 1 || !line.startsWith('failed REPOSITORY_LOCKED')) {
      violations.push(`a process ${line}`)
    }
  }
  return violations
}

/** What `restore` with `sync` has acknowledged is there after a cut. */
async function cutAfterRestore(
  { copies, tally }: Attack,
  target: CrashRepository,
  disk: Disk,
): Promise<string[]> {
  const id = target.ledger.saved().at(-1)
  const restored = join(disk.path, 'restored')
  let lines: readonly string[] = []
  if (id !== undefined) {
    const step: CrashStep = { do: 'restore', id, target: restored }
    lines = (await copies[0].run(taskOf(target, [step], 'count/0'))).lines
  }
  await comeBack(disk)
  if (id === undefined) return []
  if (!lines.includes(`restored ${id}`)) return [`a restore ended with: ${lines.join(' | ')}`]
  tally.cutsAfterRestore += 1
  const state = target.ledger.entries.get(id)?.state ?? ''
  const expected = target.sources.map((source) => source.scanned(state)).find((tree) => tree)
  if (!expected) return [`nobody knows what "${state}" was`]
  const differences = treeDifferences(expected, scanTree(restored))
  rmSync(restored, { recursive: true })
  return differences.map((line) => `restored with sync before the cut: ${line}`)
}

async function comeBack(disk: Disk): Promise<void> {
  // A cut that came too late for the work is one all the same.
  disk.cut()
  await disk.unmount()
  disk.mount()
}
