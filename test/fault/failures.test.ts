import { describe, expect, it } from 'vitest'
import { compileFaultShim } from '../support/fault-shim/fault-control.ts'
import { runSweep, type SweepPlan } from '../support/failure-sweep/run-sweep.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

type Asked = Pick<SweepPlan, 'scenario' | 'root' | 'kinds' | 'error'> & Partial<SweepPlan>

/** What was wrong, over all turns; `npm run soak -- failures` makes every call fail. */
async function problemsOf(asked: Asked): Promise<string[]> {
  const folder = scratchFolder(fastFolder)
  const plan: SweepPlan = {
    mode: 'once',
    isEncrypted: false,
    threads: 0,
    first: 1,
    last: 12,
    stride: 1,
    ...asked,
  }
  const { turns } = await runSweep(plan, { folder, library: compileFaultShim(folder) })
  // Every one of them, or the shim was not there.
  expect(turns.filter(({ hits }) => hits > 0).length).toBeGreaterThan(2)
  return turns.flatMap(({ nth, call, path, status, problems }) =>
    problems.map((problem) => `N = ${nth} (${call} ${path}, status ${status}): ${problem}`),
  )
}

describe('a call that fails once', () => {
  it('leaves no lock and no unacknowledged snapshot when it is the sync of their folder', async () => {
    expect(
      await problemsOf({
        scenario: 'first snapshot',
        root: 'repository',
        kinds: ['sync'],
        error: 'EIO',
        last: 40,
        stride: 3,
      }),
    ).toEqual([])
  })

  it('does not undo or hide a snapshot that is durable already', async () => {
    expect(
      await problemsOf({
        scenario: 'snapshot',
        root: 'repository',
        kinds: ['list', 'unlink'],
        error: 'EIO',
        first: 8,
        last: 60,
        stride: 6,
      }),
    ).toEqual([])
  })

  it('is one line and exit status 3 when it is one of a source file', async () => {
    expect(
      await problemsOf({
        scenario: 'first snapshot',
        root: 'source',
        kinds: ['open', 'read', 'status', 'list', 'get attribute', 'seek', 'close'],
        error: 'EIO',
        last: 110,
        stride: 14,
      }),
    ).toEqual([])
  })

  it('is listed, and leaves no partial file, when it is one of the restore target', async () => {
    expect(
      await problemsOf({
        scenario: 'restore',
        root: 'target',
        kinds: ['open', 'create', 'write', 'rename', 'link', 'unlink', 'list', 'status', 'close'],
        error: 'ENOSPC',
        last: 400,
        stride: 37,
      }),
    ).toEqual([])
  })

  it('ends a prune with everything whole', async () => {
    expect(
      await problemsOf({
        scenario: 'prune',
        root: 'repository',
        kinds: ['create', 'write', 'sync', 'link', 'unlink'],
        error: 'ENOSPC',
        last: 100,
        stride: 11,
      }),
    ).toEqual([])
  })
})

describe('calls that fail from one on', () => {
  it('end a verification at once, with nothing still running behind it', async () => {
    expect(
      await problemsOf({
        scenario: 'verify',
        root: 'repository',
        kinds: ['create', 'link', 'sync'],
        error: 'EIO',
        mode: 'from',
        last: 12,
        stride: 2,
      }),
    ).toEqual([])
  })
})
