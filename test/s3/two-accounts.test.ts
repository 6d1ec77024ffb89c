import { chmodSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'

import { workspace, type Workspace } from '../e2e/workspace.ts'
import { givenCeph, givenOtherAccount } from './engines/given-ceph.ts'
import { bucketEnd, environmentFor, type RepositoryEnd } from './support/repository-ends.ts'

/* Two repositories that belong to different accounts: which keys each is asked with. */

const ends: { readonly from: RepositoryEnd; readonly to: RepositoryEnd }[] = []

beforeAll(async () => {
  const [ours, theirs] = [await givenCeph(), await givenOtherAccount()]
  for (const _ of [1, 2]) ends.push({ from: await bucketEnd(ours), to: await bucketEnd(theirs) })
})

const impatient = { HOLDFAST_S3_RETRY_SECONDS: '1' }

interface Accounts {
  readonly space: Workspace
  readonly from: RepositoryEnd
  readonly to: RepositoryEnd
}

/** The first has a snapshot. */
function twoAccounts(): Accounts {
  const space = workspace(impatient)
  const { from, to } = ends.pop()!
  space.write('source/file', 'content')
  for (const end of [from, to]) space.done(['init'], { environment: environmentFor(end) })
  space.done(['snapshot', 'source'], { environment: environmentFor(from) })
  return { space, from, to }
}

/** One element of `also_to`, with its own keys. */
function sectionOf(space: Workspace, { location, access }: RepositoryEnd): string {
  const file = `${access?.accessKeyId}.key`
  chmodSync(space.write(file, `${access?.secretAccessKey}\n`), 0o600)
  return (
    `    - repository: ${location}\n      s3:\n        access_key_id: ${access?.accessKeyId}\n` +
    `        secret_access_key_file: ${file}\n`
  )
}

describe('a copy between two accounts', () => {
  it('is refused with the keys of one, and done with a profile for the other', () => {
    const { space, from, to } = twoAccounts()
    const environment = environmentFor(to)
    const refused = space.run(['copy', '--from', from.location], { environment })
    expect(refused.status).toBe(21)
    expect(refused.stderr).toContain('AccessDenied')

    const credentials =
      `[ours]\naws_access_key_id = ${from.access?.accessKeyId}\n` +
      `aws_secret_access_key = ${from.access?.secretAccessKey}\n`
    const profile = {
      ...environment,
      AWS_SHARED_CREDENTIALS_FILE: space.write('credentials', credentials),
      HOLDFAST_FROM_AWS_PROFILE: 'ours',
    }
    const copied = space.run(['copy', '--from', from.location], { environment: profile })
    expect(copied.stderr).toBe('')
    expect(copied.stdout).toContain('Copied 1 snapshot')

    const half = { ...environment, HOLDFAST_FROM_AWS_ACCESS_KEY_ID: 'AKIA' }
    const unusable = space.run(['copy', '--from', from.location], { environment: half })
    expect(unusable.status).toBe(2)
    expect(unusable.stderr).toContain('HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY')
  })

  it('takes the keys of config.yml by the address, whichever end it is', () => {
    const { space, from, to } = twoAccounts()
    space.write('config.yml', `holdfast:\n  also_to:\n${sectionOf(space, from)}`)
    // The environment is about the first repository.
    const environment = environmentFor(to)
    const copied = space.done(['copy', '--from', from.location], { environment })
    expect(copied.stdout).toContain('Copied 1 snapshot')
    // What config.yml knows of another repository also holds where that is the first.
    const bare = { HOLDFAST_REPOSITORY: from.location }
    expect(space.done(['list', '--json'], { environment: bare }).json()).toHaveLength(1)
    // And the keys of the environment come before it there, such as those of who may prune.
    const wrong = { ...environmentFor(to), HOLDFAST_REPOSITORY: from.location }
    expect(space.run(['list'], { environment: wrong }).status).toBe(21)
  })
})
