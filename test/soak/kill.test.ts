import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { runSoak } from './frame/run-soak.ts'
import { soak } from './kill.soak.ts'

const hasCompiler = spawnSync('gcc', ['--version']).status === 0

describe('npm run soak -- kill, in short', () => {
  it.skipIf(!hasCompiler)(
    'loses nothing that was acknowledged, and needs no manual step',
    async () => {
      const report = await runSoak('kill', soak, { count: 40, parent: scratchFolder(fastFolder) })
      expect(report.violations, `seed ${report.seed}`).toEqual([])
      expect(report.done).toBeGreaterThanOrEqual(40)
      expect(report.figures['acknowledged']).toBeGreaterThan(0)
      expect(report.figures['killsByCall']).toBeGreaterThan(0)
    },
  )
})
