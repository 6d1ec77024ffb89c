import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'

import { scratchFolder } from '../../support/scratch.ts'
import { run, type RunResult } from './run-in-process.ts'

const address = 's3:https://s3.example.org/backups/web1'

let folder: string
beforeEach(() => {
  folder = scratchFolder()
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, 0o600)
  return file
}

async function list(
  options: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const argv = ['list', '--repo', address, ...options]
  return await run(argv, { environment, workingFolder: folder })
}

async function storageOf(...given: Parameters<typeof list>): Promise<unknown> {
  const result = await list(...given)
  expect(result.err).toBe('')
  return result.given('openRepository')['storage']
}

const keys = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env' }

describe('how a store is reached', () => {
  it('is left to the chain of AWS when nothing is said', async () => {
    expect(await storageOf()).toEqual({})
    expect(await storageOf([], keys)).toEqual({})
  })

  it('is what the command line says', async () => {
    const options = ['--cacert', 'ca.pem', '--limit-upload', '500', '--limit-download', '10M']
    expect(await storageOf(options)).toEqual({
      cacert: join(folder, 'ca.pem'),
      uploadBytesPerSecond: 512_000,
      downloadBytesPerSecond: 10_485_760,
    })
  })

  it('is what config.yml says, also when the repository is named elsewhere', async () => {
    write('key', 'from-file\n')
    write(
      'config.yml',
      'holdfast:\n  cacert: own.pem\n  limit_upload: 1M\n  limit_download: 2M\n' +
        '  s3:\n    access_key_id: AKIACONF\n    secret_access_key_file: key\n    region: eu-west-1\n',
    )
    const s3 = { accessKeyId: 'AKIACONF', secretAccessKey: 'from-file', region: 'eu-west-1' }
    const limits = { uploadBytesPerSecond: 1_048_576, downloadBytesPerSecond: 2_097_152 }
    expect(await storageOf()).toEqual({ cacert: join(folder, 'own.pem'), ...limits, s3 })
    // The command line and the environment come first; 0 takes a limit away.
    const options = ['--limit-upload', '0', '--limit-download', '1K']
    const environment = { ...keys, AWS_REGION: 'us-west-2', HOLDFAST_CACERT: '/env.pem' }
    expect(await storageOf(options, environment)).toEqual({
      cacert: '/env.pem',
      downloadBytesPerSecond: 1024,
      s3: {},
    })
  })

  it('is the profile of config.yml unless the environment names one', async () => {
    write('config.yml', 'holdfast: { s3: { profile: backup } }\n')
    expect(await storageOf()).toEqual({ s3: { profile: 'backup' } })
    expect(await storageOf([], { AWS_PROFILE: 'mine' })).toEqual({ s3: {} })
    // Half a pair is no credential.
    const half = { AWS_ACCESS_KEY_ID: 'AKIAENV' }
    expect(await storageOf([], half)).toEqual({ s3: { profile: 'backup' } })
  })

  it.each([
    [{ AWS_CA_BUNDLE: '/aws.pem' }, '/aws.pem'],
    [{ AWS_CA_BUNDLE: '/aws.pem', HOLDFAST_CACERT: '/own.pem' }, '/own.pem'],
    [{ AWS_CA_BUNDLE: '/aws.pem', HOLDFAST_CACERT: '' }, '/aws.pem'],
  ])('takes certificates from the environment: %j', async (environment, cacert) => {
    expect(await storageOf([], environment)).toEqual({ cacert })
  })

  it('is given to init, too', async () => {
    const result = await run(['init', '--repo', address, '--cacert', '/ca.pem'])
    expect(result.given('initRepository')).toMatchObject({
      location: address,
      storage: { cacert: '/ca.pem' },
    })
  })

  it('is no concern of a folder, for which no config.yml is read', async () => {
    write('config.yml', 'holdfast: { s3: 7 }\n')
    const result = await run(['list', '--repo', 'repo', '--limit-upload', '1M'], {
      workingFolder: folder,
    })
    expect(result.given('openRepository')['storage']).toBeUndefined()
  })

  it.each([
    ['--limit-upload', 'fast', '10M'],
    ['--limit-download', '-1', '10M'],
    ['--cacert', '', 'not empty'],
  ])('refuses %s %j', async (option, value, allowed) => {
    const { status, err } = await list([`${option}=${value}`])
    expect(status).toBe(2)
    expect(err).toContain(allowed)
  })

  describe('of a repository that is read from', () => {
    const from = {
      HOLDFAST_FROM_AWS_ACCESS_KEY_ID: 'AKIAFROM',
      HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY: 'from',
    }
    const own =
      'holdfast:\n  s3: { profile: first }\n  also_to:\n' +
      `    - { repository: "${address}", s3: { profile: own, region: eu-west-1 } }\n`

    async function fromStorage(environment: Readonly<Record<string, string>>): Promise<unknown> {
      const argv = ['copy', '--repo', 'repo', '--from', address]
      const result = await run(argv, { environment, workingFolder: folder })
      const [, opened] = result.calls.filter(({ name }) => name === 'openRepository')
      return (opened?.options as { storage: unknown } | undefined)?.storage
    }

    it('is that of its own keys, region and profile', async () => {
      const pair = { accessKeyId: 'AKIAFROM', secretAccessKey: 'from' }
      expect(await fromStorage({ ...keys, ...from })).toEqual({ s3: pair })
      const more = { HOLDFAST_FROM_AWS_SESSION_TOKEN: 't', HOLDFAST_FROM_AWS_REGION: 'r' }
      expect(await fromStorage({ ...from, ...more })).toEqual({
        s3: { ...pair, sessionToken: 't', region: 'r' },
      })
      const profile = { ...keys, HOLDFAST_FROM_AWS_PROFILE: 'p' }
      expect(await fromStorage(profile)).toEqual({ s3: { profile: 'p' } })
    })

    it('comes from its section of config.yml before the account of the first', async () => {
      write('config.yml', own)
      const s3 = { profile: 'own', region: 'eu-west-1' }
      expect(await fromStorage(keys)).toEqual({ s3 })
      expect(await fromStorage({ ...from, AWS_PROFILE: 'mine' })).toMatchObject({
        s3: { accessKeyId: 'AKIAFROM' },
      })
      // As the first one it is what whoever runs the command says, else its section.
      expect(await storageOf([], keys)).toEqual({ s3: { region: 'eu-west-1' } })
      expect(await storageOf()).toEqual({ s3 })
    })

    it('is that of the first when nothing is said of it', async () => {
      expect(await fromStorage(keys)).toEqual({})
      write('config.yml', 'holdfast: { s3: { profile: first } }\n')
      expect(await fromStorage({})).toEqual({ s3: { profile: 'first' } })
    })

    it('refuses half a key', async () => {
      const environment = { HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY: 'canary' }
      const argv = ['copy', '--repo', 'repo', '--from', address]
      const { status, err } = await run(argv, { environment, workingFolder: folder })
      expect(status).toBe(2)
      expect(err).toContain('HOLDFAST_FROM_AWS_ACCESS_KEY_ID')
      expect(err).not.toContain('canary')
    })
  })

  it('refuses credentials in an address before anything is asked or opened', async () => {
    const { status, err, calls } = await run([
      'init',
      '--repo',
      's3:https://AKIA:canary@h/bucket',
      '--encrypt',
    ])
    expect(status).toBe(2)
    expect(err).toContain('holdfast.s3')
    expect(err).not.toContain('canary')
    expect(calls).toEqual([])
  })
})
