import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { connect } from '../../../../src/storage/s3/connect.ts'
import { parseS3Location } from '../../../../src/storage/s3/s3-location.ts'
import { s3SettingsOf } from '../../../../src/storage/s3/s3-settings.ts'
import type { StorageSettings } from '../../../../src/storage/storage-settings.ts'
import { scratchFolder } from '../../../support/scratch.ts'

const ownStore = 's3:https://s3.example.org/backups/web1'
const inAws = 's3:eu-central-1/backups'
const anywhereInAws = 's3://backups'

beforeEach(() => {
  // Nothing of whoever runs the tests, and of no machine in the cloud either.
  for (const name of Object.keys(process.env)) {
    if (/^(?:AWS|HOLDFAST)_/.test(name)) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  const folder = scratchFolder()
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) {
    vi.stubEnv(name, join(folder, name))
  }
})
afterEach(() => void vi.unstubAllEnvs())

function settingsOf(address: string, settings: StorageSettings = {}) {
  return s3SettingsOf(parseS3Location(address), settings)
}

async function clientOf(address: string, settings: StorageSettings = {}) {
  const client = connect(settingsOf(address, settings))
  client.destroy()
  return client.config
}

async function regionOf(address: string, settings: StorageSettings = {}): Promise<string> {
  return await (await clientOf(address, settings)).region()
}

describe('the region that requests are signed for', () => {
  it('is the one of the address before all others', async () => {
    vi.stubEnv('AWS_REGION', 'us-west-2')
    expect(await regionOf(inAws, { s3: { region: 'us-east-2' } })).toBe('eu-central-1')
  })

  it.each([ownStore, anywhereInAws])('is then the chosen one, for %s', async (address) => {
    vi.stubEnv('AWS_REGION', 'us-west-2')
    expect(await regionOf(address, { s3: { region: 'us-east-2' } })).toBe('us-east-2')
  })

  it.each([ownStore, anywhereInAws])('is then that of the environment, for %s', async (address) => {
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-west-3')
    expect(await regionOf(address)).toBe('eu-west-3')
    vi.stubEnv('AWS_REGION', 'us-west-2')
    expect(await regionOf(address)).toBe('us-west-2')
  })

  it('is us-east-1 for a store of one’s own, which mostly takes any', async () => {
    expect(await regionOf(ownStore)).toBe('us-east-1')
  })

  it('is that of the profile in AWS', async () => {
    const file = process.env['AWS_CONFIG_FILE'] ?? ''
    writeFileSync(file, '[default]\nregion = eu-north-1\n[profile backup]\nregion = sa-east-1\n')
    expect(await regionOf(anywhereInAws)).toBe('eu-north-1')
    expect(await regionOf(anywhereInAws, { s3: { profile: 'backup' } })).toBe('sa-east-1')
  })
})

describe('the credentials', () => {
  const keys = { accessKeyId: 'AKIACHOSEN', secretAccessKey: 'chosen' }

  async function accessKeyOf(settings: StorageSettings = {}): Promise<string> {
    const { credentials } = await clientOf(ownStore, settings)
    return (await credentials()).accessKeyId
  }

  function profile(name: string, accessKeyId: string): string {
    return `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = x\n`
  }

  beforeEach(() => {
    const file = process.env['AWS_SHARED_CREDENTIALS_FILE'] ?? ''
    writeFileSync(file, profile('default', 'AKIADEFAULT') + profile('backup', 'AKIABACKUP'))
  })

  it('are those of the settings, else of the environment, else of a profile', async () => {
    expect(await accessKeyOf()).toBe('AKIADEFAULT')
    vi.stubEnv('AWS_PROFILE', 'backup')
    expect(await accessKeyOf()).toBe('AKIABACKUP')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENV')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'env')
    expect(await accessKeyOf()).toBe('AKIAENV')
    expect(await accessKeyOf({ s3: keys })).toBe('AKIACHOSEN')
  })

  it('are those of a profile that was chosen, whatever the environment holds', async () => {
    vi.stubEnv('AWS_PROFILE', 'default')
    expect(await accessKeyOf({ s3: { profile: 'backup' } })).toBe('AKIABACKUP')
  })

  it('take the session token along', () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAENV')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'env')
    expect(settingsOf(ownStore).credentials).not.toHaveProperty('sessionToken')
    vi.stubEnv('AWS_SESSION_TOKEN', 'token')
    expect(settingsOf(ownStore).credentials?.sessionToken).toBe('token')
  })

  it.each([{ accessKeyId: 'AKIAHALF' }, { secretAccessKey: 'half' }])(
    'are refused when a half of them is missing',
    (half) => {
      expect(() => settingsOf(ownStore, { s3: half })).toThrow(HoldfastError)
      expect(() => settingsOf(ownStore, { s3: half })).toThrow(/only one is given/)
    },
  )
})

describe('s3SettingsOf()', () => {
  it('keeps what belongs to an address in a folder of its own, whatever its spelling', () => {
    const { cacheFolder } = settingsOf(ownStore, { cacheDirectory: '/cache' })
    expect(cacheFolder).toMatch(/^\/cache\/storages\/[0-9a-f]{32}$/)
    const again = settingsOf(`${ownStore}/`, { cacheDirectory: '/cache' })
    expect(again.cacheFolder).toBe(cacheFolder)
    const other = settingsOf(`${ownStore}2`, { cacheDirectory: '/cache' })
    expect(other.cacheFolder).not.toBe(cacheFolder)
    vi.stubEnv('HOLDFAST_CACHE_DIR', '/from-environment')
    expect(settingsOf(ownStore).cacheFolder).toContain('/from-environment/storages/')
  })

  it('takes times from the environment, in seconds, and none that are not', () => {
    expect(settingsOf(ownStore)).toMatchObject({ retryForMs: 300_000, idleMsMax: 30_000 })
    vi.stubEnv('HOLDFAST_S3_RETRY_SECONDS', '1.5')
    vi.stubEnv('HOLDFAST_S3_TIMEOUT_SECONDS', 'soon')
    expect(settingsOf(ownStore)).toMatchObject({ retryForMs: 1_500, idleMsMax: 30_000 })
    expect(settingsOf(ownStore, { retryForMs: 7 }).retryForMs).toBe(7)
  })

  it('can be cloned to a thread', () => {
    const settings = settingsOf(ownStore, { s3: { accessKeyId: 'a', secretAccessKey: 'b' } })
    expect(structuredClone(settings)).toEqual(settings)
  })
})

describe('connect()', () => {
  it('says which file of certificates cannot be read', () => {
    const settings = settingsOf(ownStore, { cacert: '/nowhere/ca.pem' })
    expect(() => connect(settings)).toThrow('Cannot read the certificates in "/nowhere/ca.pem"')
  })
})
