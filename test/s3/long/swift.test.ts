import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { statusOf } from '../engines/answers.ts'
import { connect, newBucket } from '../engines/buckets.ts'
import type { Engine } from '../engines/engine.ts'
import { startSwift } from '../engines/swift.ts'

let swift: Engine
let client: ReturnType<typeof connect>

beforeAll(async () => {
  swift = await startSwift()
  client = connect(swift.access)
})

afterAll(() => swift?.remove())

const Key = 'object'

async function contentOf(Bucket: string): Promise<string | undefined> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return await Body?.transformToString()
}

describe('Swift', () => {
  it('stores, lists and deletes', async () => {
    const Bucket = await newBucket(client)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'content' }))
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
    expect(Contents.map((object) => object.Key)).toEqual([Key])
    expect(await contentOf(Bucket)).toBe('content')
    await client.send(new DeleteObjectCommand({ Bucket, Key }))
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key })))).toBe(404)
  })

  it('refuses a request that is signed with another key', async () => {
    const stranger = connect({ ...swift.access, secretAccessKey: 'another' })
    const put = new PutObjectCommand({ Bucket: await newBucket(client), Key, Body: 'a' })
    expect(await statusOf(stranger.send(put))).toBe(403)
  })

  it('refuses bytes that are not those of their Content-MD5', async () => {
    const ContentMD5 = Buffer.alloc(16).toString('base64')
    const Bucket = await newBucket(client)
    const put = new PutObjectCommand({ Bucket, Key, Body: 'a', ContentMD5 })
    expect(await statusOf(client.send(put))).toBe(400)
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key })))).toBe(404)
  })

  it('has no conditional puts: it refuses them, whether there is an object or not', async () => {
    const Bucket = await newBucket(client)
    const put = (Body: string): Promise<number> =>
      statusOf(client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' })))
    expect(await put('first')).toBe(501)
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key })))).toBe(404)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'second' }))
    expect(await put('third')).toBe(501)
    expect(await contentOf(Bucket)).toBe('second')
  })

  it('goes on with what it holds after all of it was killed', async () => {
    const Bucket = await newBucket(client)
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'kept' }))
    await swift.kill()
    await expect(contentOf(Bucket)).rejects.toThrow('ECONNREFUSED')
    await swift.restart()
    expect(await contentOf(Bucket)).toBe('kept')
  })
})
