import { join } from 'node:path'
import type { Soak } from './frame/soak.ts'
import { mutants } from './mutations/mutants.ts'
import { runMutants } from './mutations/run-mutants.ts'

const checkout = join(import.meta.dirname, '../..')

/** Takes every guard out of the code, one at a time, and looks whether a test notices. */
export const soak: Soak = {
  proves:
    'Each fsync, order step, lease check, tag check and bound of the list, taken out of the code alone, turns a test red.\n' +
    'Works in a copy of the checkout.',
  takes: 'about 15 min',
  unit: 'mutants',
  countDefault: mutants.length,
  options: {
    only: {
      description: 'those whose class, name or file has this text in it',
      default: '',
    },
  },
  async run({ count, folder, isOver, progress, violation, option }) {
    const only = option('only')
    const chosen = mutants
      .filter((mutant) => `${mutant.class} ${mutant.name} ${mutant.file}`.includes(only))
      .slice(0, count)
    const { done, caughtOf, ...figures } = await runMutants(chosen, {
      checkout,
      folder: join(folder, 'copy'),
      isOver,
      onMutant: progress,
      onViolation: violation,
    })
    return { done, figures: { ...figures, caughtOf: JSON.stringify(caughtOf) } }
  },
}
