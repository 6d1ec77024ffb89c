import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { IncomingHttpHeaders } from 'node:http'

import { connect } from '../../s3/engines/buckets.ts'
import type { S3Access } from '../../s3/engines/engine.ts'

/** Bytes that are not those that were asked for, in an answer that is right in every other way. */
export type Lie = 'flipped bit' | 'wrong range' | 'other object' | 'shorter truth'

interface Truth {
  readonly access: S3Access
  /** `/bucket/key` */
  readonly path: string
  readonly given: { readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  /** What was answered for other objects, by their paths. */
  readonly others: ReadonlyMap<string, Buffer>
  readonly random: () => number
}

/** What is sent in the place of the truth. */
export async function tellLie(lie: Lie, truth: Truth): Promise<Buffer> {
  const { body } = truth.given
  switch (lie) {
    case 'shorter truth':
      return body.subarray(0, body.length >> 1)
    case 'wrong range':
      return (await anotherRange(truth)) ?? flipped(truth)
    case 'other object':
      return anotherObject(truth) ?? flipped(truth)
    default:
      return flipped(truth)
  }
}

function flipped({ given, random }: Truth): Buffer {
  const bytes = Buffer.from(given.body)
  bytes[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8)
  return bytes
}

/** As many bytes of the same object, from elsewhere. */
async function anotherRange({ access, path, given, random }: Truth): Promise<Buffer | undefined> {
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(given.headers['content-range'] ?? '')
  if (!range) return undefined
  const [start, end, total] = range.slice(1).map(Number)
  const length = end - start + 1
  const other = Math.floor(random() * (total - length + 1))
  if (other === start || total <= length) return undefined
  const [, bucket = '', ...key] = path.split('/')
  const client = connect(access)
  try {
    const Key = key.map(decodeURIComponent).join('/')
    const Range = `bytes=${other}-${other + length - 1}`
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key, Range }))
    return Body && Buffer.from(await Body.transformToByteArray())
  } finally {
    client.destroy()
  }
}

/** As many bytes of another object of the same folder. */
function anotherObject({ path, given, others }: Truth): Buffer | undefined {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  for (const [name, bytes] of others) {
    if (name === path || !name.startsWith(folder) || bytes.length < given.body.length) continue
    return bytes.subarray(0, given.body.length)
  }
  return undefined
}
