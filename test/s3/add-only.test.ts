import { beforeAll, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace } from '../e2e/workspace.ts'
import { allowDeletes, forbidDeletes } from './support/forbid-deletes.ts'
import { newS3Place, type S3Place } from './support/s3-repository.ts'

let place: S3Place

beforeAll(async () => {
  place = await newS3Place()
})

it('who may add and read can back up and restore, and take nothing away; who may delete prunes', async () => {
  const space = workspace({
    HOLDFAST_REPOSITORY: place.location,
    HOLDFAST_PASSPHRASE: 'correct horse',
    ...place.environment,
  })
  space.write('source/file', 'first')
  space.write('source/other', 'stays')
  space.done(['init'])
  space.done(['snapshot', 'source'])
  await forbidDeletes(place)
  const client = { environment: { HOME: space.at('client'), HOLDFAST_LEASE_SECONDS: '3' } }
  const ids: unknown[] = []
  for (const text of ['second', 'third']) {
    space.write('source/file', text)
    const summary = space.done(['snapshot', 'source', '--json'], client).line('summary')
    ids.push(summary['snapshot_id'])
  }
  space.done(['restore', 'latest', '--target', 'restored'], client)
  const root = space.at('source').slice(1)
  expect(compareTrees(space.at('source'), space.at('restored', root)).differences).toEqual([])
  space.done(['verify', '--all'], client)

  // A client that was taken over tries to make good backups go away.
  for (const argv of [
    ['delete', String(ids[0]), '--yes'],
    ['forget', '--keep-last', '1', '--prune', '--grace', '0'],
    ['prune', '--grace', '0'],
  ]) {
    const refused = space.run(argv, client)
    expect(refused.status).not.toBe(0)
  }
  expect(space.done(['list', '--json'], client).json()).toHaveLength(3)
  space.done(['verify', '--all'], client)

  await allowDeletes(place)
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  space.done(['forget', '--keep-last', '1', '--prune', '--grace', '0'])
  space.done(['check'])
  space.done(['restore', 'latest', '--target', 'again'])
  expect(compareTrees(space.at('source'), space.at('again', root)).differences).toEqual([])
})
