import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'

import type { S3Place } from './s3-repository.ts'

/** From now on the credentials of a place are as those that may put, get and list, and nothing else. */
export async function forbidDeletes({ client, bucket }: S3Place): Promise<void> {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  })
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
}

export async function allowDeletes({ client, bucket }: S3Place): Promise<void> {
  await client.send(new DeleteBucketPolicyCommand({ Bucket: bucket }))
}
