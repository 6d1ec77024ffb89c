import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CrashStep, CrashTask } from '../support/children/crash-child.ts'
import { buildShim } from './crash/build-shim.ts'
import { openStepCosts } from './crash/crash-plan.ts'
import {
  checkContents,
  checkNewest,
  createRepository,
  type CrashRepository,
} from './crash/crash-repository.ts'
import { openLedger } from './crash/ledger.ts'
import { openSourceFolder } from './crash/source-folder.ts'
import { openCopies, type CrashRun } from './crash/standby.ts'
import { warmUpTasks } from './crash/warm-up.ts'
import type { Soak } from './frame/soak.ts'
import { removeTree } from '../support/remove-tree.ts'
import { findLockHolder } from '../../src/catalogue/lock-holder.ts'

const leaseMs = 600
const stopsPerContentCheck = 20
/** Records of what was done pile up, and a moment drawn from what a backup took at first would come before its work. */
const stopsPerCosting = 10
const stopsPerRepository = 100
/** Each takes the 30 s that a process waits for the catalogue. */
const busyCataloguesTried = 3

export const soak: Soak = {
  proves:
    'A backup is stopped (SIGSTOP) at a random moment for longer than its lease; meanwhile its parent and others are deleted and two\n' +
    'prunes free everything at once; then it goes on (SIGCONT). It commits a snapshot that is whole, or refuses to commit.',
  takes: 'about 40 min',
  unit: 'stops',
  countDefault: 1000,
  async run(context) {
    const { count, random, folder, isOver, progress, violation } = context
    const env = { LD_PRELOAD: buildShim(folder) }
    const warmUp = await warmUpTasks(context)
    const writer = await openCopies(env, warmUp)
    const pruner = await openCopies(env, warmUp)
    const costs = openStepCosts()
    const newTarget = async (number: number): Promise<CrashRepository> => {
      const sources = join(folder, `sources-${number}`)
      mkdirSync(sources)
      return {
        ...(await createRepository(join(folder, `repository-${number}`), false)),
        ledger: openLedger(),
        sources: ['a', 'b'].map((name) => openSourceFolder(sources, name, random)),
      }
    }
    let target = await newTarget(0)
    const taskOf = (steps: readonly CrashStep[]): CrashTask => ({
      location: target.location,
      cacheDirectory: target.cacheDirectory,
      threads: 0,
      order: 'count/0',
      steps,
    })
    const shortLease = { leaseSeconds: leaseMs / 1000 }
    const tally = {
      refused: 0,
      committed: 0,
      doneBeforeTheStop: 0,
      inTransaction: 0,
      otherErrors: 0,
    }
    const note = (run: CrashRun): void => {
      target.ledger.note(run)
      if (run.errors !== '') violation(`a process ended with: ${run.errors}`)
      for (const line of run.lines) {
        // A loaded machine may let a short lease of a process run out that nobody stopped.
        if (!line.startsWith('failed ') || line.startsWith('failed REPOSITORY_LOCKED')) continue
        tally.otherErrors += 1
        violation(`a process ${line}`)
      }
    }
    let done = 0
    try {
      for (; done < count && !isOver(); done++) {
        if (done > 0 && done % stopsPerRepository === 0) {
          removeTree(target.location)
          target = await newTarget(done)
        }
        for (const source of target.sources) source.change()
        const [source, other] = target.sources
        const save: CrashStep = { do: 'snapshot', source: source.path, description: source.state }
        const prune: CrashStep = { do: 'prune', graceMs: 0 }
        if (!costs.knows([save]) || done % stopsPerCosting === 0) {
          const run = await writer.run(taskOf([save, prune]))
          costs.note(run)
          note(run)
        }
        let pid = 0
        const working = writer.run(
          { ...taskOf([save]), ...shortLease },
          { onStart: (started) => (pid = started) },
        )
        await sleep(1 + random() * costs.ms([save]))
        const wasRunning = signal(pid, 'SIGSTOP')
        const stoppedAtMs = performance.now()
        const ids = target.ledger
          .saved()
          .filter((_, at, all) => at < all.length - 1 || random() < 0.5)
        const { state } = other
        const beside: CrashStep = { do: 'snapshot', source: other.path, description: state }
        // By now the lease is over; the first prune condemns, the second sweeps.
        await sleep(leaseMs * 1.5)
        const isInTransaction =
          wasRunning && findLockHolder(join(target.location, 'catalogue.db'))?.pid === pid
        if (isInTransaction) tally.inTransaction += 1
        // It keeps all others of this host from writing the catalogue.
        if (isInTransaction && tally.inTransaction <= busyCataloguesTried) {
          const { lines } = await pruner.run(taskOf([prune]))
          for (const fault of faultsOfBusyCatalogue(lines, pid)) violation(fault)
        } else if (!isInTransaction) {
          const forget: CrashStep[] = ids.length > 0 ? [{ do: 'delete', ids }] : []
          note(await pruner.run(taskOf([...forget, prune, beside, prune])))
        }
        const stoppedMs = performance.now() - stoppedAtMs
        signal(pid, 'SIGCONT')
        const run = await working
        note(run)
        if (stoppedMs < leaseMs) violation('the stop was shorter than the lease')
        tally[outcomeOf(run, wasRunning)] += 1
        const isAll = done % stopsPerContentCheck === 0
        const violations = isAll ? await checkContents(target) : await checkNewest(target)
        for (const text of violations) violation(`stop ${done}: ${text}`)
        if (violations.length > 0) break
        progress(done + 1, `${tally.refused} refused, ${tally.committed} committed`)
      }
    } finally {
      await writer.close()
      await pruner.close()
    }
    return { done, figures: { 'lease, ms': leaseMs, ...tally } }
  },
}

function outcomeOf(
  run: CrashRun,
  wasRunning: boolean,
): 'doneBeforeTheStop' | 'committed' | 'refused' {
  if (!wasRunning) return 'doneBeforeTheStop'
  return run.lines.some((line) => line.startsWith('saved ')) ? 'committed' : 'refused'
}

/** What is wrong with what a process said that met a transaction of a stopped one: it has to fail, and to name it. */
function faultsOfBusyCatalogue(lines: readonly string[], pid: number): string[] {
  const said = lines.find((line) => line.startsWith('failed '))
  // It may have been stopped while it moved the log into the file, which keeps nobody from writing.
  if (said === undefined) return []
  const isRight =
    said.startsWith('failed CATALOGUE_BUSY ') && said.includes(`process ${pid}, which is stopped`)
  return isRight ? [] : [`beside a stopped transaction: ${said}`]
}

/** @returns false when it has ended already */
function signal(pid: number, name: NodeJS.Signals): boolean {
  if (pid === 0) return false
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
  }
}
