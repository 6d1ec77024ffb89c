import { availableParallelism } from 'node:os'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSchedules } from '../simulation/run-schedules.ts'
import type { Soak } from './frame/soak.ts'

/** Seeds of one soak; those of the next one come after them. */
const schedulesPerSeed = 2 ** 21
const violationsShown = 5

export const soak: Soak = {
  proves:
    'whatever backups, prunes, forgets, undeletes, restores and repairs meet, are killed, stopped or lose power, in the real code over a simulated storage and clock: no acknowledged snapshot misses a blob',
  takes: 'about an hour on 2 processors',
  unit: 'schedules',
  countDefault: 1_000_000,
  options: {
    processes: {
      description: 'processes at work',
      default: String(availableParallelism()),
    },
    natives: {
      description: 'light: stand-ins for BLAKE3 and zstd; real: the libraries, at half the speed',
      default: 'light',
    },
    replay: {
      description: 'run the one schedule with this seed and write every step',
      default: '',
    },
  },
  run: async ({ count, seed, option, folder, isOver, progress, violation }) => {
    const natives = option('natives') === 'real' ? 'real' : 'light'
    if (option('replay') !== '') {
      const path = join(folder, 'steps.txt')
      writeFileSync(path, replay(option('replay'), natives))
      violation(`every step is in ${path}`)
      return { done: 1, figures: {} }
    }
    const totals = await runSchedules({
      first: seed * schedulesPerSeed,
      count: Math.min(count, schedulesPerSeed),
      processes: Number(option('processes')),
      natives,
      isOver,
      onPortion: (done) => progress(done),
    })
    for (const bad of totals.bad.slice(0, violationsShown)) {
      violation(
        `${bad.violations.join('\n')}\n  npm run soak -- model --replay ${bad.seed} --natives ${natives}`,
      )
    }
    if (totals.bad.length > violationsShown) violation(`and ${totals.bad.length} schedules in all`)
    const { counts } = totals
    const of = (key: string): number => counts[key] ?? 0
    return {
      done: totals.done,
      figures: {
        'schedules with a violation': totals.bad.length,
        'snapshots acknowledged': of('acknowledged'),
        'calls to the storage': of('steps'),
        'backups (failed)': `${of('backup')} (${of('backup failed')})`,
        'prunes (failed)': `${of('prune')} (${of('prune failed')})`,
        'forgets, undeletes': `${of('forget')}, ${of('undelete')}`,
        'restores, catalogue repairs': `${of('restore')}, ${of('repair')}`,
        'processes killed': of('kills'),
        'processes stopped': of('stops'),
        'power cuts': of('power cuts'),
        'CPU milliseconds for each': (totals.cpuMs / Math.max(1, totals.done)).toFixed(2),
      },
    }
  },
}

function replay(seed: string, natives: string): Buffer {
  const main = join(import.meta.dirname, '../simulation/main.ts')
  return execFileSync(process.execPath, ['--import', 'tsx', main, natives, seed], {
    maxBuffer: 2 ** 28,
  })
}
