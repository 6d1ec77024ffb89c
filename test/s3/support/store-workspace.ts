import { randomBytes } from 'node:crypto'

import { workspace, type Finished, type Workspace } from '../../e2e/workspace.ts'
import type { S3Access } from '../engines/engine.ts'
import { givenCeph } from '../engines/given-ceph.ts'

/** A workspace whose repository is in a bucket. Commands run beside this process, where proxies are. */
export interface StoreWorkspace {
  readonly space: Workspace
  readonly access: S3Access
  readonly bucket: string
  /** Of the repository, at the store itself or at what stands before it. */
  address(endpoint?: string): string
  run(argv: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>
  /** Runs a command that must end with status 0. */
  done(argv: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>
}

/** The name of a bucket that nobody else uses and that is not there yet. */
export function freshBucket(): string {
  return `cli-${randomBytes(8).toString('hex')}`
}

export async function storeWorkspace(): Promise<StoreWorkspace> {
  const access = await givenCeph()
  const bucket = freshBucket()
  const address = (endpoint: string = access.endpoint): string => `s3:${endpoint}/${bucket}/a/b`
  const space = workspace({
    HOLDFAST_REPOSITORY: address(),
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    // Nobody is asked whether this is a machine of Amazon's.
    AWS_EC2_METADATA_DISABLED: 'true',
    HOLDFAST_S3_RETRY_SECONDS: '20',
    HOLDFAST_PASSPHRASE: 'passphrase',
  })
  const run: StoreWorkspace['run'] = (argv, environment = {}) =>
    space.start(argv, { environment }).finished
  return {
    space,
    access,
    bucket,
    address,
    run,
    async done(argv, environment) {
      const result = await run(argv, environment)
      if (result.status === 0) return result
      throw new Error(`holdfast ${argv.join(' ')}: status ${result.status}\n${result.stderr}`)
    },
  }
}
