import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

import { SnapshotHistory } from '../../../native-bench/datasets/snapshot-history.ts'
import { hasOwnerTable } from '../../../src/operations/statistics/owner-table.ts'
import { startTestServer, type TestServer } from '../../support/test-server.ts'

type Answer = Record<string, unknown>

/** Enough pages that the server does not compute the statistics itself, and snapshots that a cleanup would delete. */
async function serverOfMany(): Promise<TestServer> {
  const config = 'api: { backup: { paths: { index: / }, schedule: { max_backups: 2 } } }\n'
  const server = await startTestServer({ config })
  await new SnapshotHistory(server.repository, {
    snapshots: 6,
    projects: 10,
    folders: 60,
    files: 2,
    changedFolders: 4,
    grownFolders: 1,
  }).save()
  return server
}

const json = async (answer: Promise<Response>): Promise<Answer> => {
  const response = await answer
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

it(
  'previews a cleanup at once, and what it frees when a process has computed it',
  {
    timeout: 120_000,
  },
  async () => {
    const server = await serverOfMany()
    const preview = (): Promise<Answer> => json(server.get('/api/v1/retention/preview'))
    const first = await preview()
    expect(first).toMatchObject({ freed_bytes: null, is_computing: true })
    expect(first['items']).toHaveLength(6)
    const stats = await json(server.get('/api/v1/stats'))
    expect(stats).toMatchObject({ snapshots: 6 })
    expect(hasOwnerTable(server.repository)).toBe(true)
    const second = await preview()
    expect(second).toMatchObject({ is_computing: false, items: first['items'] })
    expect(second['freed_bytes']).toBeGreaterThan(0)
  },
)

it('computes them itself where a process could not keep them', { timeout: 120_000 }, async () => {
  const server = await serverOfMany()
  // Without its packs no page can be read, and what is not complete is not kept.
  rmSync(join(server.repository.location, 'packs'), { recursive: true })
  expect(await json(server.get('/api/v1/stats'))).toMatchObject({ snapshots: 6 })
  const preview = await json(server.get('/api/v1/retention/preview'))
  expect(preview).toMatchObject({ is_computing: false, freed_bytes: expect.any(Number) })
})
