import {
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  DeleteObjectCommand,
  PutObjectLockConfigurationCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type Workspace } from '../e2e/workspace.ts'
import { statusOf } from './engines/answers.ts'
import { newS3Place, type S3Place } from './support/s3-repository.ts'

let place: S3Place

beforeAll(async () => {
  place = await newS3Place('locked')
  await place.client.send(
    new PutObjectLockConfigurationCommand({
      Bucket: place.bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2 } },
      },
    }),
  )
})

async function keys(): Promise<string[]> {
  const { Contents = [] } = await place.client.send(
    new ListObjectsV2Command({ Bucket: place.bucket }),
  )
  return Contents.map(({ Key = '' }) => Key)
}

function expectRestored(space: Workspace, id: string): void {
  space.done(['restore', id, '--target', `restored-${id}`])
  const root = space.at('source').slice(1)
  const differences = compareTrees(space.at('source'), space.at(`restored-${id}`, root)).differences
  expect(differences).toEqual([])
}

async function retainedUntilMs(Key: string): Promise<number> {
  const { Retention } = await place.client.send(
    new GetObjectRetentionCommand({ Bucket: place.bucket, Key }),
  )
  return Retention?.RetainUntilDate?.getTime() ?? 0
}

describe('a bucket with object lock', () => {
  it('gives back what an attacker has deleted and overwritten, and keeps what prune extends', async () => {
    const space = workspace({
      HOLDFAST_REPOSITORY: place.location,
      HOLDFAST_PASSPHRASE: 'correct horse',
      ...place.environment,
    })
    space.write('source/file', 'the only copy of ten years of work')
    // Nothing rests on conditional puts, which radosgw does not keep in such a bucket.
    space.done(['init'])
    const summary = space.done(['snapshot', 'source', '--json']).line('summary')
    const id = String(summary['snapshot_id'])
    space.done(['snapshot', 'source'])
    space.done(['verify', '--all'])
    const good = (await keys()).filter((key) => !key.includes('/locks/'))
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const at = new Date().toISOString().slice(0, 19) + 'Z'
    await new Promise((resolve) => setTimeout(resolve, 1_100))

    // With the keys of the client: everything is deleted or overwritten.
    for (const [index, Key] of good.entries()) {
      const target = { Bucket: place.bucket, Key }
      if (index % 2 === 0) await place.client.send(new DeleteObjectCommand(target))
      else await place.client.send(new PutObjectCommand({ ...target, Body: 'ransom' }))
    }
    expect(space.run(['list']).status).not.toBe(0)
    // The versions themselves cannot be removed.
    const { Versions = [] } = await place.client.send(
      new ListObjectVersionsCommand({ Bucket: place.bucket }),
    )
    const own = Versions.filter(({ Key = '' }) => good.includes(Key))
    const Objects = own.map(({ Key, VersionId }) => ({ Key, VersionId }))
    const { Deleted = [] } = await place.client.send(
      new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects } }),
    )
    expect(Deleted).toEqual([])

    const preview = space.run(['repair', 'versions', '--at', at, '--json'])
    expect(preview.status).toBe(20)
    expect(preview.lines.filter((line) => line['message_type'] === 'version')).toHaveLength(
      good.length,
    )
    space.done(['repair', 'versions', '--at', at, '--apply'])
    expect(space.run(['repair', 'versions', '--at', at]).status).toBe(0)
    space.done(['check', '--read-data'])
    expect(space.done(['list', '--json']).json()).toHaveLength(2)
    expectRestored(space, id)

    // Forget and prune work as elsewhere, and what stays is kept for a whole period from then on.
    const pack = good.find((key) => key.includes('/packs/')) ?? ''
    const before = await retainedUntilMs(pack)
    const pruned = space.done(['forget', '--keep-last', '1', '--prune', '--grace', '0'])
    expect(pruned.stderr + pruned.stdout).toContain('retention was extended')
    const still = (await keys()).find((key) => key.includes('/packs/')) ?? ''
    expect(await retainedUntilMs(still)).toBeGreaterThan(before + 60_000)
    const target = { Bucket: place.bucket, Key: still }
    const { Versions: kept = [] } = await place.client.send(
      new ListObjectVersionsCommand({ Bucket: place.bucket, Prefix: still }),
    )
    const VersionId = kept.find(({ IsLatest }) => IsLatest === true)?.VersionId
    expect(
      await statusOf(place.client.send(new DeleteObjectCommand({ ...target, VersionId }))),
    ).toBe(403)
    expectRestored(space, 'latest')
    // It is not done again every night.
    expect(space.done(['prune', '--grace', '0']).stderr).not.toContain('retention was extended')
  })
})
