import type { CrashStep } from '../../support/children/crash-child.ts'
import type { CrashRun } from './standby.ts'
import type { SourceFolder } from './source-folder.ts'

/** Snapshots that are left standing in a repository, about. */
const snapshotsMax = 6

type PlannedKind = 'snapshot' | 'delete' | 'undelete' | 'prune' | 'repair'

const plans: readonly (readonly PlannedKind[])[] = [
  ['snapshot'],
  ['snapshot'],
  ['snapshot', 'delete'],
  ['delete', 'prune'],
  ['prune'],
  ['delete', 'undelete', 'prune'],
  ['prune', 'snapshot'],
  ['repair'],
  ['snapshot', 'delete', 'prune', 'snapshot', 'repair'],
]

/**
 * Draws what one process shall do.
 *
 * @param saved snapshots that may be deleted; those that are to be are taken out, so that no other process wants to delete them, too
 */
export function drawSteps(
  random: () => number,
  source: SourceFolder,
  saved: string[],
  isAlone: boolean,
): CrashStep[] {
  const plan = plans[Math.floor(random() * plans.length)]
  return plan.flatMap((kind): CrashStep[] => {
    switch (kind) {
      case 'snapshot':
        return [{ do: 'snapshot', source: source.path, description: source.state }]
      case 'delete': {
        const ratio = saved.length > snapshotsMax ? 0.5 : 0.2
        const ids = saved.filter(() => random() < ratio)
        for (const id of ids) saved.splice(saved.indexOf(id), 1)
        return ids.length > 0 ? [{ do: 'delete', ids }] : []
      }
      case 'prune':
        // With a grace what was deleted last can still be brought back.
        return [{ do: 'prune', graceMs: random() < 0.7 ? 0 : 3_600_000 }]
      case 'undelete':
        // Beside another process nobody could tell which of the two came last.
        return isAlone ? [{ do: kind }] : []
      default:
        return [{ do: kind }]
    }
  })
}

/** How long each kind of step takes, by the clock and in calls of the system: what moments are drawn from. */
export interface StepCosts {
  note(run: CrashRun): void
  /** Whether each of them was measured. Before, nothing should be drawn from them. */
  knows(steps: readonly CrashStep[]): boolean
  /** Milliseconds of all these steps. */
  ms(steps: readonly CrashStep[]): number
  calls(steps: readonly CrashStep[]): number
}

export function openStepCosts(): StepCosts {
  const known = new Map<string, { ms: number; calls: number }>()
  const sum = (steps: readonly CrashStep[], of: 'ms' | 'calls'): number =>
    steps.reduce((total, step) => total + (known.get(step.do)?.[of] ?? 0), 0)
  return {
    note({ lines, steps }) {
      for (const line of lines) {
        const [word, index, ms, calls] = line.split(' ')
        const step = steps[Number(index)]
        if (word !== 'end' || !step) continue
        const old = known.get(step.do) ?? { ms: Number(ms), calls: Number(calls) }
        // Slowly, so that one slow moment of the machine does not count for long.
        known.set(step.do, {
          ms: old.ms * 0.9 + Number(ms) * 0.1,
          calls: old.calls * 0.9 + Number(calls) * 0.1,
        })
      }
    },
    knows: (steps) => steps.every((step) => known.has(step.do)),
    ms: (steps) => sum(steps, 'ms'),
    calls: (steps) => sum(steps, 'calls'),
  }
}
