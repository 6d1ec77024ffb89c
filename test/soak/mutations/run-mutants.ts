import type { KillingTest, Mutant } from './mutant.ts'
import { runTests, type TestOutcome } from './run-tests.ts'
import { makeWorkCopy, type WorkCopy } from './work-copy.ts'

export interface MutantRun {
  /** Checkout whose code is mutated, in a copy. */
  readonly checkout: string
  /** Does not exist yet. */
  readonly folder: string
  readonly isOver: () => boolean
  readonly onMutant: (done: number, text: string) => void
  readonly onViolation: (message: string) => void
}

export interface MutantTally {
  readonly done: number
  readonly caught: number
  readonly survived: number
  /** Caught mutants by class. */
  readonly caughtOf: Readonly<Record<string, number>>
}

/** Runs the tests of each mutant as they are, which has to be green, and then with it, which has to be red. */
export async function runMutants(mutants: readonly Mutant[], run: MutantRun): Promise<MutantTally> {
  const copy = makeWorkCopy(run.checkout, run.folder)
  const unchanged = new UnchangedRuns(copy.root, mutants)
  const caughtOf: Record<string, number> = {}
  let done = 0
  let caught = 0
  let survived = 0
  for (const mutant of mutants) {
    if (run.isOver()) break
    const { result, detail } = await fateOf(copy, mutant, unchanged)
    done += 1
    if (result === 'caught') {
      caught += 1
      caughtOf[mutant.class] = (caughtOf[mutant.class] ?? 0) + 1
    } else {
      if (result === 'survived') survived += 1
      run.onViolation(`${mutant.class}, ${mutant.name} (${mutant.file}): ${detail}`)
    }
    run.onMutant(done, `${mutant.name}: ${detail}`)
  }
  return { done, caught, survived, caughtOf }
}

interface MutantFate {
  readonly result: 'caught' | 'survived' | 'unusable'
  readonly detail: string
}

async function fateOf(
  copy: WorkCopy,
  mutant: Mutant,
  unchanged: UnchangedRuns,
): Promise<MutantFate> {
  for (const test of mutant.tests) {
    const fault = await unchanged.faultOf(test)
    if (fault !== undefined) return { result: 'unusable', detail: fault }
  }
  try {
    copy.apply(mutant)
    for (const { file, only } of mutant.tests) {
      const { result, detail } = await runTests(copy.root, file, only === undefined ? [] : [only])
      if (result === 'red') return { result: 'caught', detail: `caught by ${detail}` }
      if (result !== 'green') return { result: 'unusable', detail: `${result} ${detail}` }
    }
    return { result: 'survived', detail: 'SURVIVED' }
  } catch (error) {
    return { result: 'unusable', detail: String(error) }
  } finally {
    copy.restore(mutant)
  }
}

/** The tests of all mutants on the unchanged code: each file once, as soon as it is needed. */
class UnchangedRuns {
  readonly #root: string
  readonly #onlyOf = new Map<string, Set<string> | 'all'>()
  readonly #outcomes = new Map<string, TestOutcome>()

  constructor(root: string, mutants: readonly Mutant[]) {
    this.#root = root
    for (const { file, only } of mutants.flatMap(({ tests }) => tests)) {
      const before = this.#onlyOf.get(file) ?? new Set()
      if (only === undefined || before === 'all') this.#onlyOf.set(file, 'all')
      else this.#onlyOf.set(file, before.add(only))
    }
  }

  /** @returns what keeps the test from proving anything, if so */
  async faultOf({ file, only }: KillingTest): Promise<string | undefined> {
    let outcome = this.#outcomes.get(file)
    if (!outcome) {
      const chosen = this.#onlyOf.get(file) ?? 'all'
      outcome = await runTests(this.#root, file, chosen === 'all' ? [] : [...chosen])
      this.#outcomes.set(file, outcome)
    }
    const { result, detail, passed } = outcome
    if (result !== 'green') return `unchanged, ${file} is ${result}: ${detail}`
    if (only === undefined || passed.some((name) => name.includes(only))) return undefined
    return `no test of ${file} ran with "${only}" in its name`
  }
}
