import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { runSoak } from './frame/run-soak.ts'
import { soak } from './stopped-writer.soak.ts'

const hasCompiler = spawnSync('gcc', ['--version']).status === 0

describe('npm run soak -- stopped-writer, in short', () => {
  it.skipIf(!hasCompiler)('a writer that was stopped past its lease harms nothing', async () => {
    const parent = scratchFolder(fastFolder)
    const report = await runSoak('stopped-writer', soak, { count: 4, parent })
    expect(report.violations, `seed ${report.seed}`).toEqual([])
  })
})
