import { compileFaultShim } from '../support/fault-shim/fault-control.ts'
import { runSweep } from '../support/failure-sweep/run-sweep.ts'
import { allPlans, describePlan } from '../support/failure-sweep/sweep-plans.ts'
import type { Soak, SoakContext } from './frame/soak.ts'

/** Every call that commands make below the repository, the source or the target fails once, for N = 1, 2, 3 … */
export const soak: Soak = {
  proves:
    'whichever call fails: a right exit status, a message with path and reason, the other files saved, no snapshot that was not acknowledged,\n' +
    'no leftover, earlier snapshots whole, and the same command succeeds afterwards; nothing hangs',
  takes: 'about an hour',
  unit: 'failures',
  countDefault: 1_000_000,
  options: {
    threads: { description: 'threads of the program', default: '0' },
    stride: { description: 'step between two N', default: '1' },
    only: {
      description: 'part of the names of the sweeps to run, such as "prune, ENOSPC"',
      default: '',
    },
  },
  run: async (context) => {
    const library = compileFaultShim(context.folder)
    const figures: Record<string, number> = { sweeps: 0, 'passed untouched': 0, 'slowest, ms': 0 }
    const statuses = new Map<number, number>()
    const stride = Number(context.option('stride'))
    let done = 0
    for (const plan of allPlans(Number(context.option('threads')))) {
      const name = describePlan(plan)
      if (!name.includes(context.option('only'))) continue
      if (context.isOver() || done >= context.count) break
      // Another N with each run, so that strides meet every call sooner or later.
      const first = 1 + Math.floor(context.random() * stride)
      const last = first + (context.count - done) * stride
      const { turns, isComplete } = await runSweep(
        { ...plan, first, stride, last },
        { folder: context.folder, library },
      )
      tellProblems(name, turns, context)
      figures['sweeps'] += 1
      if (isComplete) figures['passed untouched'] += 1
      for (const { status, tookMs } of turns) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        figures['slowest, ms'] = Math.max(figures['slowest, ms'], tookMs)
      }
      done += turns.filter(({ hits }) => hits > 0).length
      context.progress(done, name)
    }
    for (const [status, count] of [...statuses].sort(([one], [other]) => one - other)) {
      figures[`ended with status ${status}`] = count
    }
    return { done, figures }
  },
}

function tellProblems(
  name: string,
  turns: Awaited<ReturnType<typeof runSweep>>['turns'],
  context: SoakContext,
): void {
  for (const { nth, call, path, status, code, problems } of turns) {
    for (const problem of problems) {
      context.violation(
        `${name}, N = ${nth} (${call} ${path}, status ${status} ${code}): ${problem}`,
      )
    }
  }
}
