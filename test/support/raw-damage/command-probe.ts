import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Repository } from '../../../src/index.ts'
import { engine } from '../built-engine.ts'
import { scanTree, treeDifferences } from '../scan-tree.ts'
import { forgetCatalogue, type DamageSample } from './damage-sample.ts'

export interface Survey {
  /** What must never be: wrong files, errors without a type, a snapshot that nobody saved. */
  readonly violations: readonly string[]
  /** Whether anything told that there is damage. */
  readonly isTold: boolean
  /** Snapshots that came back as they were saved. */
  readonly whole: number
}

/**
 * Does what an operator does with a repository that he does not trust: opens it anew, lists, restores every snapshot, verifies. A restore may
 * fail and say so; what it restores without a word has to be right.
 */
export async function surveyRepository(sample: DamageSample, scratch: string): Promise<Survey> {
  forgetCatalogue(sample)
  let repository: Repository
  try {
    repository = await sample.open()
  } catch (error) {
    const isTyped = error instanceof engine.HoldfastError && error.message !== ''
    return { violations: isTyped ? [] : [String(error)], isTold: true, whole: 0 }
  }
  const violations: string[] = []
  let isTold = repository.unusable.length > 0
  let whole = 0
  try {
    for (const { id } of engine.listSnapshots(repository)) {
      const { problems, differences } = await restoreOne(
        sample,
        repository,
        id,
        join(scratch, 'restored'),
      )
      if (problems.length > 0) isTold = true
      else if (differences.length > 0)
        violations.push(`${id} is restored wrongly: ${differences[0]}`)
      else whole += 1
    }
    const { damaged } = await engine.verify(repository, {})
    if (damaged.length > 0) isTold = true
  } catch (error) {
    if (error instanceof engine.HoldfastError) isTold = true
    else violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    await repository.close()
  }
  if (!isTold && whole < sample.trees.size) {
    violations.push(`${sample.trees.size - whole} snapshots are gone and nobody says so`)
  }
  return { violations, isTold, whole }
}

async function restoreOne(
  sample: DamageSample,
  repository: Repository,
  id: string,
  target: string,
): Promise<{ problems: string[]; differences: string[] }> {
  const expected = sample.trees.get(id)
  if (!expected) return { problems: [], differences: ['nobody saved it'] }
  const problems: string[] = []
  rmSync(target, { recursive: true, force: true })
  try {
    const result = await engine.restore(repository, {
      snapshot: engine.resolveSnapshot(repository, id),
      target: Buffer.from(target),
      onEvent: (event) => {
        if (event.type !== 'progress') problems.push(event.message)
      },
    })
    if (result.errors > 0) problems.push(`${result.errors} errors`)
    const differences = problems.length > 0 ? [] : treeDifferences(expected, scanTree(target))
    return { problems, differences }
  } catch (error) {
    if (!(error instanceof engine.HoldfastError)) throw error
    return { problems: [error.message], differences: [] }
  }
}
