import { ListObjectsV2Command } from '@aws-sdk/client-s3'

import type { Finished, Workspace } from '../../e2e/workspace.ts'
import type { connect } from '../engines/buckets.ts'
import type { S3Access } from '../engines/engine.ts'
import { environmentOf, placeIn } from './s3-repository.ts'

/** One of two repositories of a command: where it is, and what opens it. */
export interface RepositoryEnd {
  readonly location: string
  readonly access?: S3Access
  readonly client?: ReturnType<typeof connect>
  readonly bucket?: string
  readonly passphrase?: string
}

/** @param passphrase undefined leaves it unencrypted */
export async function bucketEnd(access: S3Access, passphrase?: string): Promise<RepositoryEnd> {
  const { location, client, bucket } = await placeIn(access)
  return { location, access, client, bucket, ...(passphrase !== undefined && { passphrase }) }
}

/** What a command needs that works on it. */
export function environmentFor(end: RepositoryEnd): Record<string, string> {
  return {
    HOLDFAST_REPOSITORY: end.location,
    ...(end.access && environmentOf(end.access)),
    ...(end.passphrase !== undefined && { HOLDFAST_PASSPHRASE: end.passphrase }),
  }
}

/** What a command needs besides that reads from it. */
export function environmentFrom(end: RepositoryEnd): Record<string, string> {
  const account = end.access && {
    HOLDFAST_FROM_AWS_ACCESS_KEY_ID: end.access.accessKeyId,
    HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY: end.access.secretAccessKey,
  }
  return {
    HOLDFAST_FROM_REPOSITORY: end.location,
    ...account,
    ...(end.passphrase !== undefined && { HOLDFAST_FROM_PASSPHRASE: end.passphrase }),
  }
}

/** Runs a command beside this process, where proxies are, and which keeps connections to the store. */
export async function doneBeside(
  space: Workspace,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Finished> {
  const result = await space.start(argv, { environment }).finished
  if (result.status === 0) return result
  throw new Error(`holdfast ${argv.join(' ')}: status ${result.status}\n${result.stderr}`)
}

/** What a command says that it has asked the store of a repository. */
export function requestsOf(
  { errorLines }: Finished,
  { location }: RepositoryEnd,
): Readonly<Record<'get' | 'put' | 'downloaded_bytes' | 'uploaded_bytes', number>> {
  const line = errorLines.find(
    (one) => one['message_type'] === 'requests' && one['repository'] === location,
  )
  if (!line) throw new Error(`The command does not say what it asked of ${location}`)
  return line as Record<'get' | 'put' | 'downloaded_bytes' | 'uploaded_bytes', number>
}

/** How many packs are in the bucket, and how many bytes they have. */
export async function packsIn({ client, bucket }: RepositoryEnd): Promise<{
  readonly names: readonly string[]
  readonly bytes: number
}> {
  const { Contents = [] } = await client!.send(new ListObjectsV2Command({ Bucket: bucket }))
  const packs = Contents.filter(({ Key = '' }) => Key.includes('/packs/'))
  return {
    names: packs.map(({ Key = '' }) => Key),
    bytes: packs.reduce((sum, { Size = 0 }) => sum + Size, 0),
  }
}
