import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashTask } from '../support/children/crash-child.ts'
import { removeTree } from '../support/remove-tree.ts'
import { buildShim } from './crash/build-shim.ts'
import { drawSteps, openStepCosts, type StepCosts } from './crash/crash-plan.ts'
import {
  checkContents,
  checkLeftovers,
  checkPresence,
  createRepository,
  type CrashRepository,
} from './crash/crash-repository.ts'
import { openLedger } from './crash/ledger.ts'
import { openSourceFolder } from './crash/source-folder.ts'
import { warmUpTasks } from './crash/warm-up.ts'
import { openCopies, openStandby, type CrashRun, type Standby } from './crash/standby.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

/** After so many kills everything is read and compared, and a new repository is begun. */
const killsPerRepository = 400
const killsPerContentCheck = 80
const processesMax = 3

interface Attack {
  readonly context: SoakContext
  /** For those with threads. */
  readonly standby: Standby
  readonly copies: readonly Standby[]
  readonly costs: StepCosts
  readonly tally: Tally
}

interface Tally {
  kills: number
  /** By the step that was cut off. */
  readonly killsIn: Record<string, number>
  killsByCall: number
  /** Kills while the repository had not been opened in peace since the last one. */
  killsInRecovery: number
  killsBesideOthers: number
  processesDone: number
  refusedForLock: number
  acknowledged: number
  presenceChecks: number
  contentChecks: number
  repositories: number
}

export const soak: Soak = {
  proves:
    'Processes are killed (SIGKILL) at random moments of snapshot, delete, prune, repair and catalogue rebuild, by the clock and at\n' +
    'single system calls, alone and beside others, also while they recover from the kill before. Nothing acknowledged is lost,\n' +
    'every repository opens without a manual step, verifies, and restores to what the sources were.',
  takes: 'about 20 min',
  unit: 'kills',
  countDefault: 10_000,
  async run(context) {
    const env = { LD_PRELOAD: buildShim(context.folder) }
    const standby = openStandby(env)
    const warmUp = await warmUpTasks(context)
    const copies: Standby[] = []
    for (let at = 0; at < processesMax; at++) copies.push(await openCopies(env, warmUp))
    const tally: Tally = {
      kills: 0,
      killsIn: {},
      killsByCall: 0,
      killsInRecovery: 0,
      killsBesideOthers: 0,
      processesDone: 0,
      refusedForLock: 0,
      acknowledged: 0,
      presenceChecks: 0,
      contentChecks: 0,
      repositories: 0,
    }
    const attack: Attack = { context, standby, copies, costs: openStepCosts(), tally }
    try {
      let isWhole = true
      while (isWhole && tally.kills < context.count && !context.isOver()) {
        isWhole = await attackRepository(attack)
      }
    } finally {
      for (const each of [standby, ...copies]) await each.close()
    }
    const { killsIn, kills, ...figures } = tally
    return { done: kills, figures: { ...figures, killsIn: JSON.stringify(killsIn) } }
  },
}

/** @returns false after a violation: its repository is kept as it is */
async function attackRepository(attack: Attack): Promise<boolean> {
  const { context, tally } = attack
  const { random } = context
  tally.repositories += 1
  const folder = join(context.folder, `repository-${tally.repositories}`)
  const target: CrashRepository = {
    ...(await createRepository(folder, tally.repositories % 3 === 0)),
    ledger: openLedger(),
    sources: ['a', 'b', 'c'].map((name) => openSourceFolder(context.folder, name, random)),
  }
  const end = Math.min(context.count, tally.kills + killsPerRepository)
  let nextContentCheck = tally.kills + killsPerContentCheck
  const report = (violations: readonly string[]): boolean => {
    for (const text of violations) context.violation(`kill ${tally.kills}: ${text}`)
    return violations.length === 0
  }
  let isChecked = true
  while (tally.kills < end && !context.isOver()) {
    const before = tally.kills
    if (!report(await attackOnce(attack, target, isChecked))) return false
    isChecked = tally.kills === before || random() < 0.7
    if (isChecked) {
      tally.presenceChecks += 1
      if (!report(await checkPresence(target))) return false
    }
    if (tally.kills >= nextContentCheck) {
      nextContentCheck = tally.kills + killsPerContentCheck
      tally.contentChecks += 1
      const some = (ids: readonly string[]): string[] =>
        ids.filter((_, at) => at === ids.length - 1 || random() < 0.3)
      if (!report(await checkContents(target, some))) return false
    }
    context.progress(tally.kills)
  }
  tally.contentChecks += 1
  if (!report(await checkContents(target))) return false
  if (!report(await checkLeftovers(target))) return false
  if (!report(await checkContents(target))) return false
  for (const source of target.sources) removeTree(source.path)
  removeTree(folder)
  rmSync(target.cacheDirectory, { recursive: true, force: true })
  return true
}

/** One process, or several at once, and what they did wrong while they lived. */
async function attackOnce(
  { context, standby, copies, costs, tally }: Attack,
  target: CrashRepository,
  isRecovered: boolean,
): Promise<string[]> {
  const { random } = context
  const processes = random() < 0.2 ? 2 + Math.floor(random() * (processesMax - 1)) : 1
  const hasThreads = random() < 0.04
  const works: Promise<CrashRun>[] = []
  if (random() < 0.05) rmSync(join(target.location, 'catalogue.db'), { force: true })
  const saved = target.ledger.saved()
  for (let at = 0; at < processes; at++) {
    const source = target.sources[at]
    source.change()
    const steps = drawSteps(random, source, saved, processes === 1)
    // Some are let live: after any kill the next command has to do its work.
    const isSpared = random() < 0.15 || !costs.knows(steps)
    const isByCall = !isSpared && random() < 0.5
    const call = 1 + Math.floor(random() * costs.calls(steps))
    const order = isByCall ? `kill-${random() < 0.5 ? 'before' : 'after'}/${call}` : 'count/0'
    const { location, cacheDirectory, passphrase } = target
    const threads = hasThreads && at === 0 ? 1 + Math.floor(random() * 2) : 0
    const task: CrashTask = {
      location,
      cacheDirectory,
      ...(passphrase !== undefined && { passphrase }),
      threads,
      order,
      steps,
    }
    const killAfterMs = isSpared || isByCall ? undefined : random() * costs.ms(steps) * processes
    works.push(
      (threads > 0 ? standby : copies[at]).run(task, { killAfterMs }).then((run) => {
        if (run.isKilled && isByCall) tally.killsByCall += 1
        return run
      }),
    )
  }
  const violations: string[] = []
  for (const work of works) {
    const run = await work
    costs.note(run)
    target.ledger.note(run)
    violations.push(...count(tally, run, { processes, isRecovered }))
  }
  return violations
}

function count(
  tally: Tally,
  run: CrashRun,
  { processes, isRecovered }: { readonly processes: number; readonly isRecovered: boolean },
): string[] {
  const violations: string[] = []
  if (run.isKilled) {
    tally.kills += 1
    const where = run.killedIn?.do ?? 'between'
    tally.killsIn[where] = (tally.killsIn[where] ?? 0) + 1
    if (!isRecovered) tally.killsInRecovery += 1
    if (processes > 1) tally.killsBesideOthers += 1
  } else {
    tally.processesDone += 1
    if (run.errors !== '') violations.push(`a process ended with: ${run.errors}`)
  }
  for (const line of run.lines) {
    if (line.startsWith('saved ')) tally.acknowledged += 1
    if (!line.startsWith('failed ')) continue
    // Alone it must never be locked out: whoever held a lock is dead.
    if (processes > 1 && line.startsWith('failed REPOSITORY_LOCKED')) tally.refusedForLock += 1
    else violations.push(`a process ${line}`)
  }
  return violations
}
