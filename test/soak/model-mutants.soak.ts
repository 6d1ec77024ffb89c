import { join } from 'node:path'
import { huntMutant } from '../simulation/hunt-mutant.ts'
import { mutants } from '../simulation/mutants.ts'
import type { Soak } from './frame/soak.ts'

export const soak: Soak = {
  proves:
    'the model check notices when any of the rules is missing that keep concurrent runs from losing data',
  takes: 'about 20 min',
  unit: 'mutants',
  countDefault: mutants.length,
  options: {
    schedules: {
      description: 'schedules after which a mutant counts as not found',
      default: '20000',
    },
    processes: { description: 'processes at work', default: '1' },
    only: { description: 'part of the names of those to try', default: '' },
  },
  run: async ({ count, option, folder, isOver, progress, violation }) => {
    const chosen = mutants.filter(({ name }) => name.includes(option('only'))).slice(0, count)
    const figures: Record<string, string> = {}
    let done = 0
    for (const mutant of chosen) {
      if (isOver()) break
      const found = await huntMutant(mutant, {
        folder: join(folder, `mutant-${done}`),
        schedules: Number(option('schedules')),
        processes: Number(option('processes')),
      })
      figures[mutant.name] = found ? `${found.schedule}: ${found.violation}` : 'not found'
      if (!found && !mutant.isRedundant) violation(`not found: ${mutant.name}`)
      done += 1
      progress(done, `${mutant.name}: ${figures[mutant.name]}`)
    }
    return { done, figures }
  },
}
