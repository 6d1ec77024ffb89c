import {
  CopyObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutObjectRetentionCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectLockRetentionMode,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { isObjectName } from '../object-name.ts'
import type { ObjectVersion, Retention, VersionedObjects } from '../versioned-objects.ts'
import { isNotImplemented, statusOf } from './s3-faults.ts'
import type { S3Location } from './s3-location.ts'

/** Sends requests until they succeed or fail for good. */
export type Attempt = <Result>(
  action: string,
  what: string,
  work: (client: S3Client) => Promise<Result>,
) => Promise<Result>

const dayMs = 24 * 60 * 60_000

/** What goes with a put so that nobody can delete the object for a time; nothing when it is not to be kept. */
export type ObjectLockHeaders = Pick<
  PutObjectCommandInput,
  'ObjectLockMode' | 'ObjectLockRetainUntilDate'
>

/** The versions in a bucket that keeps them. */
export class ObjectVersions implements Omit<VersionedObjects, 'get' | 'keepNew'> {
  readonly #at: S3Location
  readonly #lockOf: (name: string) => ObjectLockHeaders
  readonly #attempt: Attempt

  constructor(
    { at, lockOf }: { at: S3Location; lockOf: (name: string) => ObjectLockHeaders },
    attempt: Attempt,
  ) {
    this.#at = at
    this.#lockOf = lockOf
    this.#attempt = attempt
  }

  async list(within: string): Promise<ObjectVersion[]> {
    const { bucket, prefix } = this.#at
    const versions: ObjectVersion[] = []
    let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
    while (next) {
      const markers: { KeyMarker?: string; VersionIdMarker?: string } = next
      const page: ListObjectVersionsCommandOutput = await this.#attempt(
        'list',
        'versions',
        (client) =>
          client.send(
            new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix + within, ...markers }),
          ),
      )
      versions.push(...versionsOf(page, prefix))
      next =
        page.IsTruncated === true && page.NextKeyMarker !== undefined
          ? {
              KeyMarker: page.NextKeyMarker,
              ...(page.NextVersionIdMarker !== undefined && {
                VersionIdMarker: page.NextVersionIdMarker,
              }),
            }
          : undefined
    }
    return versions
  }

  async bringBack({ name, versionId }: Pick<ObjectVersion, 'name' | 'versionId'>): Promise<void> {
    const { bucket, prefix } = this.#at
    const key = prefix + name
    const source = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
    await this.#attempt('bring back', name, (client) =>
      client.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key: key,
          CopySource: `${source}?versionId=${encodeURIComponent(versionId)}`,
          ...this.#lockOf(name),
        }),
      ),
    )
  }

  async retention(): Promise<Retention | null> {
    return await this.#attempt('ask for the retention of', this.#at.bucket, async (client) => {
      try {
        const { ObjectLockConfiguration: lock } = await client.send(
          new GetObjectLockConfigurationCommand({ Bucket: this.#at.bucket }),
        )
        const { Mode, Days = 0, Years = 0 } = lock?.Rule?.DefaultRetention ?? {}
        const periodMs = (Days + 365 * Years) * dayMs
        if (periodMs <= 0) return null
        return { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', periodMs }
      } catch (error) {
        // There is no such rule, the store knows of none, or these credentials are not told.
        const status = statusOf(error)
        if (isNotImplemented(error) || status === 404 || status === 400 || status === 403) {
          return null
        }
        throw error
      }
    })
  }

  async retain(
    { name, versionId }: Pick<ObjectVersion, 'name' | 'versionId'>,
    untilMs: number,
    mode: Retention['mode'],
  ): Promise<void> {
    const { bucket, prefix } = this.#at
    const target = { Bucket: bucket, Key: prefix + name, VersionId: versionId }
    await this.#attempt('keep', name, async (client) => {
      const RetainUntilDate = new Date(untilMs)
      const keep = async (Mode: ObjectLockRetentionMode): Promise<void> => {
        const Retention = { Mode, RetainUntilDate }
        await client.send(new PutObjectRetentionCommand({ ...target, Retention }))
      }
      try {
        await keep(mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE')
      } catch (error) {
        // Whoever put it may have kept it for longer, or in the stricter mode: that stands.
        if (statusOf(error) !== 403) throw error
        const { Retention: kept } = await client
          .send(new GetObjectRetentionCommand(target))
          .catch(() => ({ Retention: undefined }))
        if ((kept?.RetainUntilDate?.getTime() ?? 0) >= untilMs) return
        if (kept?.Mode === undefined) throw error
        await keep(kept.Mode)
      }
    })
  }

  async keepsObjects(): Promise<boolean | 'unknown'> {
    return await this.#attempt('ask for the object lock of', this.#at.bucket, async (client) => {
      try {
        const { ObjectLockConfiguration: lock } = await client.send(
          new GetObjectLockConfigurationCommand({ Bucket: this.#at.bucket }),
        )
        return lock?.ObjectLockEnabled === 'Enabled'
      } catch (error) {
        const status = statusOf(error)
        if (status === 403) return 'unknown'
        if (isNotImplemented(error) || status === 404 || status === 400) return false
        throw error
      }
    })
  }
}

function versionsOf(
  { Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput,
  prefix: string,
): ObjectVersion[] {
  const entries = [
    ...Versions.map((version) => ({ ...version, isDeletion: false })),
    ...DeleteMarkers.map((marker) => ({ ...marker, Size: 0, ETag: '', isDeletion: true })),
  ]
  return entries.flatMap(({ Key, VersionId, LastModified, Size, ETag, IsLatest, isDeletion }) => {
    const name = Key?.startsWith(prefix) === true ? Key.slice(prefix.length) : ''
    if (!isObjectName(name) || VersionId === undefined) return []
    return [
      {
        name,
        versionId: VersionId,
        storedAtMs: LastModified?.getTime() ?? 0,
        bytes: Size ?? 0,
        contentTag: ETag?.replaceAll('"', '') ?? '',
        isCurrent: IsLatest === true,
        isDeletion,
      },
    ]
  })
}
