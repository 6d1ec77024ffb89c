import { chmodSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'

import { compareTrees } from '../../native-bench/compare-trees.ts'
import { workspace, type JsonObject, type Workspace } from '../e2e/workspace.ts'
import type { S3Access } from './engines/engine.ts'
import { givenCeph, givenOtherAccount } from './engines/given-ceph.ts'
import { bucketEnd, doneBeside, environmentFor, requestsOf } from './support/repository-ends.ts'
import type { RepositoryEnd } from './support/repository-ends.ts'
import { startProxy } from './support/store-proxy.ts'

/* Several repositories of one backup, some of them in buckets, of which one is down for a while. */

let ours: S3Access
let theirs: S3Access

beforeAll(async () => {
  ours = await givenCeph()
  theirs = await givenOtherAccount()
})

async function listOf(space: Workspace, end: RepositoryEnd): Promise<JsonObject[]> {
  return (await doneBeside(space, ['list', '--json'], environmentFor(end))).json() as JsonObject[]
}

describe('holdfast snapshot --also-to', () => {
  it('saves without a bucket that is down, says so, and brings it what it has missed', async () => {
    const space = workspace({ HOLDFAST_S3_RETRY_SECONDS: '1' })
    const folder = { location: space.at('folder'), passphrase: 'shared' }
    const bucket = await bucketEnd(ours, 'shared')
    for (const end of [folder, bucket]) await doneBeside(space, ['init'], environmentFor(end))
    let isDown = false
    const { endpoint } = await startProxy(ours.endpoint, {
      act: () => (isDown ? { status: 503, name: 'ServiceUnavailable' } : 'pass'),
    })
    const there = { ...bucket, location: bucket.location.replace(ours.endpoint, endpoint) }
    const environment = { ...environmentFor(bucket), HOLDFAST_REPOSITORY: folder.location }
    const argv = ['snapshot', 'source', '--also-to', there.location, '--json']

    space.write('source/file', 'first')
    const first = await doneBeside(space, argv, environment)
    expect(first.line('summary')['also_to']).toMatchObject([{ copied: 1, error: null }])
    expect(requestsOf(first, there).put).toBeGreaterThan(2)

    isDown = true
    space.write('source/file', 'second')
    const second = await space.start(argv, { environment }).finished
    expect(second.status).toBe(21)
    expect(second.line('summary')['also_to']).toMatchObject([
      { repository: there.location, copied: 0, error: expect.stringContaining('Cannot') },
    ])
    isDown = false
    expect(await listOf(space, folder)).toHaveLength(2)
    expect(await listOf(space, bucket)).toHaveLength(1)

    space.write('source/file', 'third')
    const third = await doneBeside(space, argv, environment)
    expect(third.line('summary')['also_to']).toMatchObject([{ copied: 2, error: null }])
    const originals = (await listOf(space, bucket)).map(({ original }) => original)
    const own = (await listOf(space, folder)).map(({ id }) => ({ snapshot_id: id }))
    expect(originals).toMatchObject(own)
    await doneBeside(space, ['restore', 'latest', '--target', 'restored'], environmentFor(bucket))
    const restored = space.at('restored', space.at('source').slice(1))
    expect(compareTrees(space.at('source'), restored).differences).toEqual([])

    // The first one may be the bucket that is down: then the other takes its place, and gives all back.
    isDown = true
    const turned = { ...environment, HOLDFAST_REPOSITORY: there.location }
    const back = ['snapshot', 'source', '--also-to', folder.location]
    const fourth = await space.start(back, { environment: turned }).finished
    expect(fourth.status).toBe(21)
    expect(fourth.stderr).toContain(`failed: No copy in "${there.location}"`)
    isDown = false
    await doneBeside(space, back, turned)
    expect(await listOf(space, bucket)).toHaveLength(5)
  })
})

describe('holdfast.also_to', () => {
  it('copies backups of config.yml, and those of the schedule, into a bucket of another account', async () => {
    const space = workspace({ HOLDFAST_REPOSITORY: '' })
    const first = await bucketEnd(ours)
    const other = await bucketEnd(theirs, 'of theirs')
    for (const end of [first, other]) await doneBeside(space, ['init'], environmentFor(end))
    const secret = (name: string, text: string): void =>
      chmodSync(space.write(name, `${text}\n`), 0o600)
    secret('ours.key', ours.secretAccessKey)
    secret('theirs.key', theirs.secretAccessKey)
    secret('theirs.pass', 'of theirs')
    space.write('data/index/vectors', 'vectors')
    space.write(
      'config.yml',
      `repository: ${first.location}\napi:\n  backup:\n    paths:\n      index: data/index/\n` +
        `holdfast:\n  s3:\n    access_key_id: ${ours.accessKeyId}\n    secret_access_key_file: ours.key\n` +
        `  also_to:\n    - repository: ${other.location}\n      passphrase_file: theirs.pass\n` +
        `      s3:\n        access_key_id: ${theirs.accessKeyId}\n        secret_access_key_file: theirs.key\n`,
    )
    await doneBeside(space, ['schedule'], {})
    expect(await listOf(space, other)).toMatchObject([{ backup_type: 'full' }])
    space.write('data/index/vectors', 'more vectors')
    const created = await doneBeside(space, ['create', '--type', 'incremental', '--json'], {})
    expect(created.line('summary')['also_to']).toMatchObject([
      { repository: other.location, copied: 1, error: null },
    ])
    expect(requestsOf(created, first).put).toBeGreaterThan(2)
    expect(requestsOf(created, other).put).toBeGreaterThan(2)
    // Where a key is not right any more, that is told, and the backup is there.
    secret('theirs.key', 'wrong')
    const refused = await space.start(['create', '--type', 'index']).finished
    expect(refused.status).toBe(21)
    expect(refused.stderr).toContain(`No copy in "${other.location}"`)
    expect(await listOf(space, first)).toHaveLength(3)
    chmodSync(space.at('theirs.key'), 0o644)
    expect((await space.start(['doctor']).finished).stdout).toContain(space.at('theirs.key'))
  })
})
