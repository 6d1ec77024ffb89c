import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { childScript } from '../built-engine.ts'
import { createFaultControl, faultEnvironment } from '../fault-shim/fault-control.ts'
import type { SweepJob, SweepTurn } from './sweep-job.ts'

export interface SweepPlan extends Omit<SweepJob, 'folder' | 'controlPath'> {
  /** Threads of the program; the counter is one for all of them. */
  readonly threads: number
}

export interface SweepOutcome {
  readonly turns: readonly SweepTurn[]
  /** False when it ended at `last` before a run passed untouched. */
  readonly isComplete: boolean
}

/** No turn takes a tenth of it; a turn that takes longer hangs. */
const hangMs = 60_000

/** Runs one sweep in a process of its own. A turn that hangs or crashes is a problem of that turn, and the sweep goes on behind it. */
export async function runSweep(
  plan: SweepPlan,
  place: { readonly folder: string; readonly library: string },
): Promise<SweepOutcome> {
  const turns: SweepTurn[] = []
  let first = plan.first
  for (;;) {
    const folder = join(place.folder, 'sweep')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const controlPath = join(place.folder, 'control')
    createFaultControl(controlPath)
    const job: SweepJob = { ...plan, folder, controlPath, first }
    const { begun, failure } = await runChild(job, { ...place, turns, threads: plan.threads })
    rmSync(folder, { recursive: true, force: true })
    if (failure === null) break
    turns.push(brokenTurn(begun, failure))
    if (begun === 0) break
    first = begun + plan.stride
  }
  return { turns, isComplete: turns.at(-1)?.hits === 0 }
}

async function runChild(
  job: SweepJob,
  {
    library,
    turns,
    threads,
  }: { readonly library: string; readonly turns: SweepTurn[]; readonly threads: number },
): Promise<{ begun: number; failure: string | null }> {
  const child = spawn(process.execPath, [childScript('failure-sweep'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HOLDFAST_THREADS: String(threads),
      ...faultEnvironment(library, job.controlPath),
    },
  })
  let begun = 0
  let isDone = false
  let hung = false
  let errors = ''
  const hang = (): void => {
    hung = true
    child.kill('SIGKILL')
  }
  let timer = setTimeout(hang, hangMs)
  child.stderr.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-4000)))
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    timer = setTimeout(hang, hangMs)
    const said = JSON.parse(line) as Partial<SweepTurn> & { begins?: number; done?: boolean }
    if (said.begins !== undefined) begun = said.begins
    else if (said.done === true) isDone = true
    else turns.push(said as SweepTurn)
  }
  clearTimeout(timer)
  if (isDone) return { begun, failure: null }
  return { begun, failure: hung ? `hangs for ${hangMs} ms` : `the process died: ${errors}` }
}

function brokenTurn(nth: number, problem: string): SweepTurn {
  return {
    nth,
    hits: 1,
    count: 0,
    call: '',
    path: '',
    status: -1,
    code: '',
    tookMs: 0,
    problems: [problem],
  }
}
