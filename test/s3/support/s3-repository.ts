import { randomBytes } from 'node:crypto'
import { connect, newBucket, type BucketKind } from '../engines/buckets.ts'
import type { S3Access } from '../engines/engine.ts'
import { givenCeph } from '../engines/given-ceph.ts'

/** A place for a repository in a bucket of its own. */
export interface S3Place {
  readonly access: S3Access
  readonly client: ReturnType<typeof connect>
  readonly bucket: string
  readonly location: string
  /** What a command needs to get there, besides the address. */
  readonly environment: Readonly<Record<string, string>>
}

/** In the Ceph that all share. */
export async function newS3Place(kind: BucketKind = 'plain'): Promise<S3Place> {
  return await placeIn(await givenCeph(), kind)
}

export async function placeIn(access: S3Access, kind: BucketKind = 'plain'): Promise<S3Place> {
  const client = connect(access)
  const bucket = await newBucket(client, kind)
  const location = `s3:${access.endpoint}/${bucket}/${randomBytes(4).toString('hex')}`
  return { access, client, bucket, location, environment: environmentOf(access) }
}

export function environmentOf(access: S3Access): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_REGION: access.region,
  }
}
