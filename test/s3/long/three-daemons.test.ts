import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'

import { connect, newBucket } from '../engines/buckets.ts'
import { startCeph } from '../engines/ceph.ts'

const writerCount = 8
const objectBytes = 32 * 1024

it('three daemons with a copy each: one is killed under load, and no request fails, nothing is lost', async () => {
  const ceph = await startCeph({ osds: 3, store: 'bluestore' })
  try {
    const client = connect(ceph.access)
    const Bucket = await newBucket(client)
    const bodyOf = (key: string): string => key.padEnd(objectBytes, '.')
    const stored: string[] = []
    const load = { isOver: false }
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; !load.isOver; index++) {
        const Key = `${writer}/${index}`
        await client.send(
          new PutObjectCommand({ Bucket, Key, Body: bodyOf(Key), IfNoneMatch: '*' }),
        )
        stored.push(Key)
      }
    }
    const writers = Promise.all(Array.from({ length: writerCount }, (_, writer) => write(writer)))
    // A writer that fails is told of at once, not when the load is over.
    const during = async (ms: number): Promise<void> =>
      void (await Promise.race([setTimeout(ms), writers]))
    await during(2000)
    const before = stored.length
    await ceph.kill('osd1')
    await during(5000)
    expect(await ceph.status()).toEqual({
      mon: true,
      osd0: true,
      osd1: false,
      osd2: true,
      rgw: true,
    })
    const without = stored.length - before
    await ceph.restart()
    await during(1000)
    load.isOver = true
    await writers

    expect(before).toBeGreaterThan(0)
    expect(without).toBeGreaterThan(0)
    for (const Key of stored) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
      expect((await Body?.transformToString()) === bodyOf(Key), Key).toBe(true)
    }
  } finally {
    await ceph.remove()
  }
})
