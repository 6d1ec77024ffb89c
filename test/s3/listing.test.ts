import { createHash } from 'node:crypto'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { expect, it } from 'vitest'

import { ObjectClient } from '../../src/storage/s3/object-client.ts'
import { parseS3Location } from '../../src/storage/s3/s3-location.ts'
import { s3SettingsOf } from '../../src/storage/s3/s3-settings.ts'
import { connect, newBucket } from './engines/buckets.ts'
import { givenCeph } from './engines/given-ceph.ts'

const count = 2_500

it('lists 2,500 objects of a folder once each, in order, among others', async () => {
  const access = await givenCeph()
  const raw = connect(access)
  const Bucket = await newBucket(raw)
  const names = Array.from({ length: count }, (_, index) =>
    createHash('sha256').update(String(index)).digest('hex'),
  )
  const foreign = ['packs/README', `packs/${names[0]}.part`, `packs2/${names[1]}`, `x/${names[2]}`]
  const inTurn = pLimit(32)
  const put = (key: string, Body: string): Promise<unknown> =>
    inTurn(() => raw.send(new PutObjectCommand({ Bucket, Key: `web/${key}`, Body })))
  await Promise.all([
    ...names.map((name, index) => put(`packs/${name}`, 'a'.repeat(index % 7))),
    ...foreign.map((key) => put(key, 'foreign')),
  ])

  const { accessKeyId, secretAccessKey, region, endpoint } = access
  const location = parseS3Location(`s3:${endpoint}/${Bucket}/web`)
  const settings = s3SettingsOf(location, { s3: { accessKeyId, secretAccessKey, region } })
  const client = new ObjectClient(settings)
  try {
    const listed = await client.list('packs')
    const expected = names.map((name, index) => ({ name: `packs/${name}`, bytes: index % 7 }))
    expect(listed).toEqual(expected.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    // Three pages hold them; the digits that are asked for at once end with a page each.
    expect(client.counts.lists).toBeLessThanOrEqual(3 + 16)
    expect(await client.list('index')).toEqual([])
  } finally {
    client.close()
    raw.destroy()
  }
})
