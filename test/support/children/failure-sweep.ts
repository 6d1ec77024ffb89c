/**
 * Makes one call after the other of one command fail, in one process: `failure-sweep.js '{"scenario":…}'`. The process has
 * to be started with the shim (fault-shim/). Each turn: bring the repository into its first state, let the Nth call fail,
 * run the command line as the command does, look at what it did, run it again without a fault. One line of JSON each.
 */
import { writeSync } from 'node:fs'
import { FaultControl, type PlannedFault } from '../fault-shim/fault-control.ts'
import { judgeTurn } from '../failure-sweep/judge-turn.ts'
import { runCommand } from '../failure-sweep/run-command.ts'
import { scenarios } from '../failure-sweep/scenarios.ts'
import type { SweepJob, SweepTurn } from '../failure-sweep/sweep-job.ts'
import { SweepWorld } from '../failure-sweep/sweep-world.ts'

const job = JSON.parse(process.argv[2]) as SweepJob
const say = (line: unknown): void => {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const stray: string[] = []
process.on('unhandledRejection', (reason) => stray.push(`unhandled rejection: ${String(reason)}`))
process.on('uncaughtException', (error) => stray.push(`uncaught: ${error.stack ?? error.message}`))

const world = new SweepWorld(job)
const scenario = scenarios[job.scenario]
const control = new FaultControl(job.controlPath)

async function turn(nth: number): Promise<SweepTurn> {
  world.reset()
  const fault: PlannedFault = {
    kinds: job.kinds,
    roots: world.rootsOf(job.root),
    mode: job.mode,
    error: job.error,
    nth,
  }
  const descriptors = world.openDescriptors()
  const startedAtMs = performance.now()
  control.arm(fault)
  const ended = await runCommand(scenario.command(world), world)
  const met = control.disarm()
  const tookMs = performance.now() - startedAtMs
  const leaked = world.openDescriptors() - descriptors
  const problems = await judgeTurn({ job, world, scenario, ended, met, leaked })
  problems.push(...stray.splice(0))
  return {
    nth,
    hits: met.hits,
    count: met.count,
    call: met.call,
    path: world.shorten(met.path),
    status: ended.status,
    code: ended.code,
    tookMs: Math.round(tookMs),
    problems,
  }
}

await world.prepare(scenario)
// The first one loads modules and opens what stays open.
await turn(0)
for (let nth = job.first; nth <= job.last; nth += job.stride) {
  say({ begins: nth })
  const result = await turn(nth)
  say(result)
  if (result.hits === 0) break
}
say({ done: true })
control.close()
process.exit(0)
