import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { runSoak } from './frame/run-soak.ts'
import { soak } from './restore-race.soak.ts'

const hasCompiler = spawnSync('gcc', ['--version']).status === 0

describe('npm run soak -- restore-race, in short', () => {
  it.skipIf(!hasCompiler)('changes nothing outside of the target', async () => {
    const parent = scratchFolder(fastFolder)
    const report = await runSoak('restore-race', soak, { count: 3, parent })
    expect(report.violations).toEqual([])
    expect(Number(report.figures['swaps'])).toBeGreaterThan(1000)
    expect(Number(report.figures['entries refused'])).toBeGreaterThan(0)
    expect(Number(report.figures['files restored'])).toBeGreaterThan(0)
  })
})
