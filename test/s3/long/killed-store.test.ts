import { GetObjectCommand, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { statusOf } from '../engines/answers.ts'
import { connect, newBucket } from '../engines/buckets.ts'
import { startCeph } from '../engines/ceph.ts'

const writerCount = 4
const largeBytes = 32 * 1024 * 1024

/** Half of what was promised, and then nothing more. */
async function* halfOfLarge(): AsyncGenerator<Buffer> {
  const part = Buffer.alloc(largeBytes / 32, 'x')
  for (let index = 0; index < 16; index++) yield part
  await new Promise(() => undefined)
}

it('everything is killed amid uploads: what was acknowledged is whole, what was not sent whole is not there', async () => {
  const ceph = await startCeph({ store: 'bluestore' })
  try {
    const client = connect(ceph.access)
    const Bucket = await newBucket(client)
    const contentOf = async (Key: string): Promise<string | undefined> => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      return await Body?.transformToString()
    }
    await client.send(new PutObjectCommand({ Bucket, Key: 'overwritten', Body: 'as before' }))
    const acknowledged: string[] = []
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; ; index++) {
        const Key = `${writer}/${index}`
        await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
        acknowledged.push(Key)
      }
    }
    const putHalf = async (Key: string): Promise<void> => {
      const Body = Readable.from(halfOfLarge())
      const put = new PutObjectCommand({ Bucket, Key, Body, ContentLength: largeBytes })
      await client.send(put).finally(() => Body.destroy())
    }
    const ends = Promise.allSettled([
      ...Array.from({ length: writerCount }, (_, writer) => write(writer)),
      putHalf('new'),
      putHalf('overwritten'),
    ])
    while (acknowledged.length < 200) await setTimeout(10)
    await ceph.kill()
    for (const end of await ends) {
      expect(end.status).toBe('rejected')
      // The connection broke; nobody was there to answer.
      if (end.status === 'rejected') expect(end.reason).not.toBeInstanceOf(S3ServiceException)
    }

    await ceph.restart()
    for (const Key of acknowledged) expect(await contentOf(Key)).toBe(Key)
    expect(await contentOf('overwritten')).toBe('as before')
    expect(await statusOf(client.send(new GetObjectCommand({ Bucket, Key: 'new' })))).toBe(404)
  } finally {
    await ceph.remove()
  }
})
