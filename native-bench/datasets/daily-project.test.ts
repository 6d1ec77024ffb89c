import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { compareTrees } from '../compare-trees.ts'
import { changeProject, makeProject, projectSizes } from './daily-project.ts'
import { listFiles } from './live-folder.ts'
import { SeededRandom } from './seeded-random.ts'

describe('changeProject()', () => {
  const sizes = projectSizes(0.01)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daily-project-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function live(name: string, lastGeneration: number): string {
    const project = join(folder, name)
    makeProject(project, new SeededRandom(1, 0), sizes)
    for (let generation = 2; generation <= lastGeneration; generation += 1)
      changeProject(project, new SeededRandom(1, generation), { sizes, generation })
    return project
  }

  /** Differences of contents or names; the modification times of two runs always differ. */
  function differences(left: string, right: string): readonly string[] {
    return compareTrees(left, right).differences.filter((text) => !text.includes('modification'))
  }

  it('gives the same project for the same seed and days', () => {
    expect(differences(live('one', 30), live('another', 30))).toEqual([])
  })

  it('edits, adds, removes and renames files every day', () => {
    const [before, after] = [live('before', 1), live('after', 2)]
    const [old, changed] = [listFiles(before), listFiles(after)]
    expect(old.filter((path) => !changed.includes(path)).length).toBeGreaterThanOrEqual(2)
    expect(changed.filter((path) => !old.includes(path)).join('\n')).toMatch(/renamed-2-/)
    expect(differences(before, after).join('\n')).toMatch(/has other contents|has size/)
  })
})
