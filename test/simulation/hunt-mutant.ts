import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant } from './mutants.ts'
import { runSchedules } from './run-schedules.ts'

const root = join(import.meta.dirname, '../..')

export interface Hunt {
  /** Where a copy of the code may be made; gone afterwards. */
  readonly folder: string
  /** After so many it counts as not found. */
  readonly schedules: number
  readonly processes: number
}

export interface FoundMutant {
  /** How many schedules it took. */
  readonly schedule: number
  readonly violation: string
}

/** Runs schedules on the code with one rule less, until one goes wrong. */
export async function huntMutant(mutant: Mutant, hunt: Hunt): Promise<FoundMutant | null> {
  const { folder } = hunt
  makeCopy(mutant, folder)
  let isFound = false
  const { bad } = await runSchedules({
    first: 1,
    count: hunt.schedules,
    processes: hunt.processes,
    natives: 'light',
    folder: join(folder, 'test/simulation'),
    isOver: () => isFound,
    onBad: () => {
      isFound = true
    },
    onPortion: () => undefined,
  })
  rmSync(folder, { recursive: true })
  const [first] = bad.toSorted((one, other) => one.seed - other.seed)
  if (!first) return null
  return { schedule: first.seed, violation: first.violations[0].split('\n')[0] }
}

/** The code with one rule less, beside the simulation. */
function makeCopy({ name, file, also, ...edit }: Mutant, folder: string): void {
  mkdirSync(join(folder, 'test'), { recursive: true })
  for (const part of ['src', 'test/simulation', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const path = join(folder, 'src', file)
  for (const { find, replace } of also ? [edit, also] : [edit]) {
    const changed = readFileSync(path, 'utf8').split(find)
    if (changed.length !== 2) {
      throw new Error(`${name}: its text occurs ${changed.length - 1} times in ${file}`)
    }
    writeFileSync(path, changed.join(replace))
  }
}
