import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'

import { statusOf } from './engines/answers.ts'
import { connect, newBucket } from './engines/buckets.ts'
import type { S3Access } from './engines/engine.ts'
import { givenCeph } from './engines/given-ceph.ts'

/*
 * What the storage of the tests does when it is asked without us: what our own tests prove stands on it.
 */

let access: S3Access
let client: ReturnType<typeof connect>

beforeAll(async () => {
  access = await givenCeph()
  client = connect(access)
})

const Key = 'folder/object'

async function contentOf(Bucket: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return await Body?.transformToString()
}

/** So many puts of different contents at once, each on the condition that there is no object. */
async function raceForKey(Bucket: string, count: number): Promise<number[]> {
  const put = (index: number): Promise<number> =>
    statusOf(
      client.send(
        new PutObjectCommand({ Bucket, Key, Body: `content ${index}`, IfNoneMatch: '*' }),
      ),
    )
  return await Promise.all(Array.from({ length: count }, (_, index) => put(index)))
}

describe('Ceph', () => {
  it('refuses a request that is signed with another key', async () => {
    const Bucket = await newBucket(client)
    const stranger = connect({ ...access, secretAccessKey: 'another' })
    expect(await statusOf(stranger.send(new PutObjectCommand({ Bucket, Key, Body: 'a' })))).toBe(
      403,
    )
  })

  it('refuses bytes that are not those of their Content-MD5', async () => {
    const Bucket = await newBucket(client)
    const ContentMD5 = Buffer.alloc(16).toString('base64')
    const put = new PutObjectCommand({ Bucket, Key, Body: 'a', ContentMD5 })
    expect(await statusOf(client.send(put))).toBe(400)
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key })))).toBe(404)
  })

  it('lists what was just stored, in pages', async () => {
    const Bucket = await newBucket(client)
    const keys = Array.from({ length: 25 }, (_, index) => `packs/${String(index).padStart(2, '0')}`)
    await Promise.all(
      keys.map((key) => client.send(new PutObjectCommand({ Bucket, Key: key, Body: 'a' }))),
    )
    const pages: string[][] = []
    const pageSize = 10
    for await (const { Contents = [] } of paginateListObjectsV2({ client, pageSize }, { Bucket }))
      pages.push(Contents.map((object) => object.Key ?? ''))
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5])
    expect(pages.flat()).toEqual(keys)
  })
})

describe('If-None-Match', () => {
  it('keeps what is there, in a bucket without versions', async () => {
    const Bucket = await newBucket(client)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }))
    const second = new PutObjectCommand({ Bucket, Key, Body: 'second', IfNoneMatch: '*' })
    expect(await statusOf(client.send(second))).toBe(412)
    expect(await contentOf(Bucket)).toBe('first')
  })

  it('lets exactly one of 16 at once win, in a bucket without versions', async () => {
    for (let round = 0; round < 10; round++) {
      const Bucket = await newBucket(client)
      const statuses = await raceForKey(Bucket, 16)
      expect(statuses.filter((status) => status === 412)).toHaveLength(15)
      expect(await contentOf(Bucket)).toBe(`content ${statuses.indexOf(200)}`)
    }
  })

  it.each(['versioned', 'locked'] as const)('lets several win, in a %s bucket', async (kind) => {
    const Bucket = await newBucket(client, kind)
    const winners = (await raceForKey(Bucket, 16)).filter((status) => status === 200)
    expect(winners.length).toBeGreaterThan(1)
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    expect(Versions).toHaveLength(winners.length)
  })
})

describe('object lock', () => {
  it('keeps a version until its time is over, whoever deletes it', async () => {
    const Bucket = await newBucket(client, 'locked')
    const put = new PutObjectCommand({ Bucket, Key, Body: 'kept' })
    const { VersionId } = await client.send(put)
    const RetainUntilDate = new Date(Date.now() + 3_600_000)
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate } as const
    await client.send(new PutObjectRetentionCommand({ Bucket, Key, VersionId, Retention }))

    const remove = new DeleteObjectCommand({ Bucket, Key, VersionId })
    expect(await statusOf(client.send(remove))).toBe(403)
    // A delete without a version only puts a marker before it.
    expect(await statusOf(client.send(new DeleteObjectCommand({ Bucket, Key })))).toBe(204)
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }))
    expect(await Body?.transformToString()).toBe('kept')
  })
})
