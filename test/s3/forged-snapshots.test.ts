import { beforeAll, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import type * as ManifestModule from '../../src/format/manifest/snapshot-manifest.ts'
import type * as ReadSnapshotModule from '../../src/repository/read-snapshot.ts'
import type * as WriteJournalModule from '../../src/repository/write-journal.ts'
import { workspace } from '../e2e/workspace.ts'
import { engine, engineModule } from '../support/built-engine.ts'
import { scratchFolder } from '../support/scratch.ts'
import { allowDeletes, forbidDeletes } from './support/forbid-deletes.ts'
import { newS3Place, type S3Place } from './support/s3-repository.ts'

/* Who may add objects, has the passphrase and makes up what he likes has no good snapshot removed by the retention of another. */

const { encodeSnapshotManifest } = await engineModule<typeof ManifestModule>(
  'format/manifest/snapshot-manifest',
)
const { readSnapshot } = await engineModule<typeof ReadSnapshotModule>('repository/read-snapshot')
const { writeJournal } = await engineModule<typeof WriteJournalModule>('repository/write-journal')

const dayMs = 24 * 60 * 60_000
const passphrase = 'correct horse'
let place: S3Place

beforeAll(async () => {
  place = await newS3Place()
})

/** Everything of a good snapshot but its times, and what would have it forgotten. */
async function attack(): Promise<number> {
  const { accessKeyId, secretAccessKey } = place.access
  const repository = await engine.openRepository({
    location: place.location,
    passphrase,
    cacheDirectory: scratchFolder(),
    storage: { s3: { accessKeyId, secretAccessKey } },
  })
  const [listed] = engine.listSnapshots(repository)
  if (!listed) throw new Error('There is no snapshot')
  const good = await readSnapshot(repository, listed.id)
  const nowMs = Date.now()
  const spans = [400, 30, 1, -1.5, -8, -40, -400].map((days) => days * dayMs)
  for (const copied of [null, { repositoryId: 'ab'.repeat(16), snapshotId: 'cd'.repeat(32) }]) {
    for (const spanMs of spans) {
      const ms = Math.round(nowMs + spanMs)
      const times = { startedAtMs: ms, endedAtMs: ms, recordedAtMs: ms }
      const { id: _id, ...manifest } = good
      const forged = { ...manifest, ...times, parentId: null, ...(copied && { original: copied }) }
      const { id, bytes } = repository.seal('snapshot', encodeSnapshotManifest(forged))
      await repository.storage.put(`snapshots/${id}`, bytes)
    }
  }
  // Records that would be the reason, and the good ones among the forgotten.
  for (const { id } of engine.listSnapshots(repository)) {
    const { leaseId } = await readSnapshot(repository, id)
    await writeJournal(repository, { kind: 'revocation', leaseId, storageAtMs: 1 })
    await writeJournal(repository, { kind: 'deletion', snapshotId: id })
    const bytes = await repository.storage.get(`snapshots/${id}`)
    await repository.storage.put(`forgotten/${id}`, bytes)
  }
  await repository.close()
  return 2 * spans.length
}

it('keeps the good snapshots beside made-up ones of any time, and all of their data', async () => {
  const space = workspace({
    HOLDFAST_REPOSITORY: place.location,
    HOLDFAST_PASSPHRASE: passphrase,
    ...place.environment,
  })
  space.write('source/file', 'the only copy of ten years of work')
  space.done(['init'])
  const ids: string[] = []
  for (const text of ['first', 'second', 'third']) {
    space.write('source/other', text)
    ids.push(String(space.done(['snapshot', 'source', '--json']).line('summary')['snapshot_id']))
  }
  await forbidDeletes(place)
  const forgedCount = await attack()
  await allowDeletes(place)

  const policy = [
    '--keep-last',
    '2',
    '--keep-daily',
    '7',
    '--keep-weekly',
    '4',
    '--keep-yearly',
    '3',
  ]
  const forgot = space.done(['forget', ...policy, '--prune', '--grace', '0'])
  expect(forgot.stdout + forgot.stderr).toContain('suspicious')
  const listed = space.done(['list', '--json']).json() as readonly { id: string }[]
  const left = listed.map(({ id }) => id)
  // What the policy keeps without the others.
  expect(left).toEqual(expect.arrayContaining(ids.slice(1)))
  expect(left.length).toBeGreaterThanOrEqual(2 + forgedCount / 2)
  for (const id of ids.slice(1)) space.done(['restore', id, '--target', `of-${id}`])
  const root = space.at('source').slice(1)
  const restored = space.at(`of-${ids[2]}`, root)
  expect(compareTrees(space.at('source'), restored).differences).toEqual([])
  space.done(['verify', '--all'])
})
