import { join } from 'node:path'
import { expect, it } from 'vitest'

import { SnapshotHistory } from '../../native-bench/datasets/snapshot-history.ts'
import { findPaths } from '../../src/operations/browse/find-paths.ts'
import { initRepository } from '../../src/repository/init-repository.ts'
import { listSnapshots } from '../../src/repository/list-snapshots.ts'
import { openRepository } from '../../src/repository/open-repository.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** Processor time in milliseconds, which other work on the machine lengthens least. */
function timeOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The bounds are ten times what it takes: they find a search that looks at every path of every snapshot. */
it(
  'searches 100,000 paths in 20 snapshots without a look at each',
  { timeout: 120_000 },
  async () => {
    const location = join(scratchFolder(fastFolder), 'repository')
    await initRepository({ location })
    const repository = await openRepository({ location })
    try {
      await new SnapshotHistory(repository, {
        snapshots: 20,
        projects: 10,
        folders: 100,
        files: 100,
        changedFolders: 8,
        grownFolders: 2,
      }).save()
      const time = timeOf(() => {
        const { items, isComplete } = findPaths(repository, { pattern: '0005-a1' })
        expect(isComplete).toBe(true)
        expect(items.length).toBeGreaterThan(0)
        for (const { snapshots } of items) expect(snapshots).toBe(20)
      })
      expect(time).toBeLessThan(300)
      const matches = (pattern: string): number => findPaths(repository, { pattern }).matches
      // Tied to the root, and not; the last is one of too many directories to go down to.
      expect(matches('/project-0003/*/0005-*')).toBe(100)
      expect(matches('project-0003/*/0005-*')).toBe(100)
      expect(matches('/project-0003/**')).toBe(matches('project-0003/**'))
      expect(matches('/*/*/0005-a*')).toBe(matches('0005-a*'))
      expect(timeOf(() => listSnapshots(repository))).toBeLessThan(100)
    } finally {
      await repository.close()
    }
  },
)
