import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type ObjectVersion,
} from '@aws-sdk/client-s3'
import { expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { deriveRepositoryKeys } from '../../src/format/encryption/repository-keys.ts'
import {
  decodeRepositoryConfig,
  encodeRepositoryConfig,
} from '../../src/format/text-object/repository-config.ts'
import { workspace, type Finished } from '../e2e/workspace.ts'
import { connect } from './engines/buckets.ts'
import { environmentOf } from './support/s3-repository.ts'
import { freshBucket, storeWorkspace, type StoreWorkspace } from './support/store-workspace.ts'

/* A repository that locks its objects, and whoever has taken over a machine that may do everything but lift locks. */

const dayMs = 24 * 60 * 60_000
let store: StoreWorkspace
let client: ReturnType<typeof connect>

async function versions(): Promise<ObjectVersion[]> {
  const { Versions = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: store.bucket }),
  )
  return Versions
}

async function retentionOf(
  Key: string,
  VersionId?: string,
): Promise<{ mode?: string; days: number }> {
  const { Retention } = await client
    .send(new GetObjectRetentionCommand({ Bucket: store.bucket, Key, VersionId }))
    .catch(() => ({ Retention: undefined }))
  const untilMs = Retention?.RetainUntilDate?.getTime() ?? Date.now()
  return { ...(Retention?.Mode && { mode: Retention.Mode }), days: (untilMs - Date.now()) / dayMs }
}

async function current(): Promise<ObjectVersion[]> {
  return (await versions()).filter(({ IsLatest }) => IsLatest === true)
}

const isPassing = ({ Key = '' }: ObjectVersion): boolean => /\/(?:locks|condemned|probe-)/.test(Key)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function isMadeByInit(): Promise<void> {
  const { space, run, done, access } = store
  const plain = freshBucket()
  await client.send(new CreateBucketCommand({ Bucket: plain }))
  const repo = `s3:${access.endpoint}/${plain}/a`
  const unlocked = await run(['init', '--object-lock', '30d', '--repo', repo])
  expect(unlocked.status).toBe(21)
  expect(unlocked.stderr).toContain('its bucket was made without object lock')
  expect((await run(['list', '--repo', repo])).status).toBe(10)
  const folder = await run(['init', '--object-lock', '30d', '--repo', space.at('folder')])
  expect(folder.status).toBe(2)
  expect(folder.stderr).toContain('only a bucket can keep them from being deleted')
  expect((await run(['init', '--object-lock', '36h'])).status).toBe(2)
  expect((await run(['init', '--object-lock-mode', 'governance'])).status).toBe(2)

  const created = (await done(['init', '--object-lock', '30d', '--json'])).json()
  expect(created).toMatchObject({ object_lock: { mode: 'compliance', days: 30 } })
  space.write('source/file', 'the only copy of ten years of work')
  await done(['snapshot', 'source'])
  await done(['verify', '--all'])
  const objects = await current()
  const lasting = objects.filter((object) => !isPassing(object))
  expect(lasting.length).toBeGreaterThan(5)
  for (const { Key = '' } of lasting) {
    const { mode, days } = await retentionOf(Key)
    expect([Key, mode, Math.round(days)]).toEqual([Key, 'COMPLIANCE', 30])
  }
  // What only says that somebody is at work goes as soon as nobody is.
  const passing = (await versions()).filter(isPassing)
  expect(passing.length).toBeGreaterThan(0)
  for (const { Key = '', VersionId } of passing) {
    expect(await retentionOf(Key, VersionId)).toEqual({ days: expect.closeTo(0) })
  }
}

async function givesBackWhatWasDestroyed(): Promise<void> {
  const { space, run, done } = store
  await pause(1_100)
  const at = `${new Date().toISOString().slice(0, 19)}Z`
  await pause(1_100)
  const good = (await current()).filter((object) => !isPassing(object))
  for (const [index, { Key }] of good.entries()) {
    const target = { Bucket: store.bucket, Key }
    if (index % 2 === 0) await client.send(new DeleteObjectCommand(target))
    else await client.send(new PutObjectCommand({ ...target, Body: 'ransom' }))
  }
  expect((await run(['list'])).status).not.toBe(0)
  const Objects = good.map(({ Key, VersionId }) => ({ Key, VersionId }))
  const { Deleted = [] } = await client.send(
    new DeleteObjectsCommand({ Bucket: store.bucket, Delete: { Objects } }),
  )
  expect(Deleted).toEqual([])

  expect((await run(['repair', 'versions', '--at', at])).status).toBe(20)
  await done(['repair', 'versions', '--at', at, '--apply'])
  await done(['check', '--read-data'])
  await done(['restore', 'latest', '--target', 'restored'])
  const root = space.at('source').slice(1)
  expect(compareTrees(space.at('source'), space.at('restored', root)).differences).toEqual([])
  for (const { Key = '' } of good) expect((await retentionOf(Key)).days).toBeGreaterThan(29)
}

async function extendsWhatIsNeeded(): Promise<void> {
  const { space, run, done } = store
  for (const text of ['second', 'third']) {
    space.write('source/other', text)
    await done(['snapshot', 'source'])
  }
  const index = (await current()).find(({ Key = '' }) => Key.includes('/journal/'))
  await client.send(
    new PutObjectCommand({ Bucket: store.bucket, Key: index?.Key ?? '', Body: 'ransom' }),
  )
  const pruned = await done(['forget', '--keep-last', '1', '--prune', '--grace', '0'])
  expect(pruned.stdout + pruned.stderr).toContain('retention was extended')
  expect(pruned.stdout + pruned.stderr).toContain('somebody has put other bytes under the names of')
  const { days } = await retentionOf(index?.Key ?? '', index?.VersionId)
  expect(days).toBeGreaterThan(30.01)
  await done(['restore', 'latest', '--target', 'pruned'])

  // The pack that holds the files is deleted: nothing can be pruned, and nothing of it goes for good.
  const packs = (await current()).filter(({ Key = '' }) => Key.includes('/packs/'))
  const before = new Map<string, number>()
  for (const { Key = '', VersionId } of packs) {
    before.set(Key, (await retentionOf(Key, VersionId)).days)
    await client.send(new DeleteObjectCommand({ Bucket: store.bucket, Key }))
  }
  await pause(1_100)
  const refused = await run(['prune', '--grace', '0'])
  expect(refused.status).toBe(20)
  for (const { Key = '', VersionId } of packs) {
    expect((await retentionOf(Key, VersionId)).days).toBeGreaterThan(before.get(Key) ?? 31)
  }
}

async function isNotSwitchedOff(): Promise<void> {
  const { access } = store
  const Bucket = freshBucket()
  // Not encrypted, so that its keys are at hand.
  const open = workspace({
    HOLDFAST_REPOSITORY: `s3:${access.endpoint}/${Bucket}/a`,
    ...environmentOf(access),
  })
  const run = (...argv: readonly string[]): Promise<Finished> => open.start(argv).finished
  await run('init', '--object-lock', '1d', '--object-lock-mode', 'governance')
  expect((await run('list')).status).toBe(0)
  const target = { Bucket, Key: 'a/config' }
  const answer = await client.send(new GetObjectCommand(target))
  const bytes = await answer.Body?.transformToByteArray()
  const { config } = decodeRepositoryConfig(bytes ?? new Uint8Array())
  const { objectLock, ...rest } = config
  expect(objectLock).toEqual({ mode: 'governance', days: 1 })
  const { configKey } = deriveRepositoryKeys(Buffer.from(config.secret ?? '', 'hex'))
  const Body = encodeRepositoryConfig({ ...rest, version: 1 }, configKey)
  await client.send(new PutObjectCommand({ ...target, Body }))
  const { status, stderr } = await run('list')
  expect(status).toBe(20)
  expect(stderr).toContain(
    'its config asks for no object lock, and asked for object lock for 1 day',
  )
}

it('a lock is made by init, kept by prune, gives everything back, and is not switched off', async () => {
  store = await storeWorkspace()
  client = connect(store.access)
  await isMadeByInit()
  await givesBackWhatWasDestroyed()
  await extendsWhatIsNeeded()
  await isNotSwitchedOff()
})
