import { randomBytes } from 'node:crypto'
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'

import type { S3Access } from './engine.ts'

/** Failures are what tests look at; the client would also write some of them to the terminal. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** A raw client: what it says is what the store has said, without a second try and without checksums of its own accord. */
export function connect(access: S3Access, config: S3ClientConfig = {}): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = access
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: silent,
    ...config,
  })
}

/** `locked`: with object lock, and therefore with versions. */
export type BucketKind = 'plain' | 'versioned' | 'locked'

/** Makes a bucket that nobody else uses; it goes with the store. */
export async function newBucket(client: S3Client, kind: BucketKind = 'plain'): Promise<string> {
  const Bucket = `test-${randomBytes(8).toString('hex')}`
  await client.send(
    new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: kind === 'locked' }),
  )
  if (kind === 'versioned') {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  }
  return Bucket
}
