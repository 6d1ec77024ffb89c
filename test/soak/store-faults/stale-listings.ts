import { ListObjectsV2Command, type _Object } from '@aws-sdk/client-s3'

import { connect } from '../../s3/engines/buckets.ts'
import type { S3Access } from '../../s3/engines/engine.ts'

/** Answers listings with what a bucket held a while ago. */
export interface StaleListings {
  /** XML as the store would have answered; null while nothing older is known. */
  answer(url: string): Promise<string | null>
  /** Nothing from before this moment is shown any more. */
  forget(): void
  close(): void
}

interface Moment {
  readonly atMs: number
  readonly objects: readonly _Object[]
}

/** How far a listing may lag behind. */
export const lagMsMax = 20_000

export function openListings(access: S3Access, random: () => number): StaleListings {
  const client = connect(access)
  let history: Moment[] = []
  let since = 0
  return {
    async answer(url) {
      const { pathname, searchParams } = new URL(url, access.endpoint)
      const bucket = pathname.split('/')[1] ?? ''
      const atMs = performance.now()
      const begun = since
      const objects = await listAll(client, bucket)
      if (begun !== since) return null
      const older = history.filter((moment) => atMs - moment.atMs < lagMsMax)
      history = [...older, { atMs, objects }]
      const chosen = older[Math.floor(random() * older.length)]
      return chosen ? listingOf(chosen.objects, bucket, searchParams) : null
    },
    forget() {
      since += 1
      history = []
    },
    close: () => client.destroy(),
  }
}

async function listAll(client: ReturnType<typeof connect>, Bucket: string): Promise<_Object[]> {
  const all: _Object[] = []
  for (let StartAfter: string | undefined; ;) {
    const page = await client.send(new ListObjectsV2Command({ Bucket, StartAfter }))
    all.push(...(page.Contents ?? []))
    if (page.IsTruncated !== true) return all
    StartAfter = page.Contents?.at(-1)?.Key
  }
}

const pageMax = 1000

function listingOf(objects: readonly _Object[], bucket: string, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('start-after') ?? ''
  const most = Math.min(Number(query.get('max-keys') ?? pageMax), pageMax)
  const found = objects.filter(({ Key = '' }) => Key.startsWith(prefix) && Key > after)
  const contents = found
    .slice(0, most)
    .map(
      ({ Key, Size, ETag = '', LastModified }) =>
        `<Contents><Key>${Key}</Key><LastModified>${LastModified?.toISOString()}</LastModified>` +
        `<ETag>${ETag.replaceAll('"', '&quot;')}</ETag><Size>${Size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    )
  return (
    `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><Prefix>${prefix}</Prefix>` +
    `<MaxKeys>${most}</MaxKeys><KeyCount>${contents.length}</KeyCount><IsTruncated>${found.length > most}</IsTruncated>${contents.join('')}</ListBucketResult>`
  )
}
