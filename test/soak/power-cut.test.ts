import { describe, expect, it } from 'vitest'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { whyNoPowerCut } from './crash/disk.ts'
import { runSoak } from './frame/run-soak.ts'
import { soak } from './power-cut.soak.ts'

const reason = await whyNoPowerCut()

describe('npm run soak -- power-cut, in short', () => {
  it.skipIf(reason !== undefined)(
    `loses nothing that was acknowledged, and notices an fsync that does nothing${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    async () => {
      const parent = scratchFolder(fastFolder)
      const report = await runSoak('power-cut', soak, { count: 5, parent })
      expect(report.violations, `seed ${report.seed}`).toEqual([])
      expect(report.done).toBe(5)
    },
  )
})
