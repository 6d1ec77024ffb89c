import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'

import { loadConfig } from '../../../src/config/load-config.ts'
import { readRate } from '../../../src/config/read-rate.ts'
import { readSecretAccessKey } from '../../../src/config/read-secret-access-key.ts'
import { isAddress, resolveLocation } from '../../../src/config/resolve-location.ts'
import type { HoldfastSettings } from '../../../src/config/settings.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'
import { scratchFolder } from '../../support/scratch.ts'

const canary = 'canary/Secret+Key93b1'

let folder: string
beforeEach(() => {
  folder = scratchFolder()
})

function write(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

function settingsOf(section: string, mode?: number): HoldfastSettings {
  return loadConfig(write('config.yml', `holdfast:\n${section}`, mode)).settings
}

function faultOf(work: () => unknown): HoldfastError {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    return error as HoldfastError
  }
  throw new Error('it was accepted')
}

describe('the section holdfast.s3', () => {
  it('is read, with paths from the folder of the file', () => {
    const { s3, cacert, uploadBytesPerSecond, downloadBytesPerSecond } = settingsOf(
      '  cacert: tls/ca.pem\n  limit_upload: 500\n  limit_download: 10M\n' +
        '  s3:\n    access_key_id: AKIA\n    secret_access_key_file: ../s3.key\n    region: eu-west-1\n',
    )
    expect(s3).toEqual({
      accessKeyId: 'AKIA',
      secretAccessKeyFile: join(folder, '../s3.key'),
      region: 'eu-west-1',
    })
    expect(cacert).toBe(join(folder, 'tls/ca.pem'))
    expect([uploadBytesPerSecond, downloadBytesPerSecond]).toEqual([500 * 1024, 10 * 1024 ** 2])
  })

  it('is empty when it is left out', () => {
    expect(settingsOf('  host: a\n').s3).toEqual({})
  })

  it('may hold the secret itself only where nobody else may read the file', () => {
    const section = `  s3:\n    access_key_id: AKIA\n    secret_access_key: ${canary}\n`
    expect(settingsOf(section, 0o600).s3.secretAccessKey).toBe(canary)
    for (const mode of [0o640, 0o604, 0o644]) {
      const { message } = faultOf(() => settingsOf(section, mode))
      expect(message).toContain('chmod 600')
      expect(message).toContain('line 4')
      expect(message).not.toContain(canary)
    }
  })

  it.each([
    ['access_key_id: AKIA', 'without its secret key'],
    [`secret_access_key: ${canary}`, 'without access_key_id'],
    ['secret_access_key_file: key', 'without access_key_id'],
    [
      `access_key_id: A\n    secret_access_key: ${canary}\n    secret_access_key_file: key`,
      'beside secret_access_key_file',
    ],
    ['profile: x\n    access_key_id: A\n    secret_access_key_file: key', 'beside access_key_id'],
  ])('refuses %s', (keys, state) => {
    const { message } = faultOf(() => settingsOf(`  s3:\n    ${keys}\n`))
    expect(message).toContain(state)
    expect(message).not.toContain(canary)
  })

  it.each([
    `  s3: ${canary}\n`,
    `  s3: [${canary}]\n`,
    `  s3:\n    access_key_id: A\n    secret_access_key: [${canary}]\n`,
    `  s3:\n    access_key_id: A\n    secret_access_key: { ${canary}: 1 }\n`,
    `  s3:\n    access_key_id: A\n    secret_acess_key: ${canary}\n`,
  ])('repeats nothing that stands in the wrong place: %s', (section) => {
    const { message, facts, remedy } = faultOf(() => settingsOf(section))
    expect(JSON.stringify([message, facts, remedy])).not.toContain(canary)
  })
})

describe('the section s3 of a repository in holdfast.also_to', () => {
  const element = '  also_to:\n    - repository: /mnt/disk\n    - repository: s3://b\n      s3:\n'

  it('is read like that of the first, and is not there unless it is written', () => {
    const { alsoTo } = settingsOf(
      `${element}        access_key_id: AKIA\n        secret_access_key_file: ../s3.key\n`,
    )
    expect(alsoTo).toEqual([
      { location: '/mnt/disk' },
      {
        location: 's3://b',
        s3: { accessKeyId: 'AKIA', secretAccessKeyFile: join(folder, '../s3.key') },
      },
    ])
  })

  it('is held to the same rules, and nothing of it is repeated', () => {
    const secret = `        access_key_id: AKIA\n        secret_access_key: ${canary}\n`
    for (const [text, state, mode] of [
      ['        access_key_id: AKIA\n', 'without its secret key', 0o600],
      [`${secret}        profile: x\n`, 'beside access_key_id', 0o600],
      [secret, 'chmod 600', 0o644],
      [`        secret: ${canary}\n`, 'a key that does not exist', 0o600],
    ] as const) {
      const { message } = faultOf(() => settingsOf(`${element}${text}`, mode))
      expect(message).toContain('holdfast.also_to.1.s3')
      expect(message).toContain(state)
      expect(message).not.toContain(canary)
    }
  })
})

describe('readSecretAccessKey()', () => {
  it('takes the one word of a file that is closed to others', () => {
    const file = write('key', `${canary}\n`)
    expect(readSecretAccessKey({ secretAccessKeyFile: file })).toBe(canary)
  })

  it('refuses a file that others may read', () => {
    const file = write('key', canary, 0o640)
    const { message, remedy } = faultOf(() => readSecretAccessKey({ secretAccessKeyFile: file }))
    expect(message).toContain('mode 0640 lets other users read it')
    expect(remedy).toBe(`Run \`chmod 600 ${file}\``)
  })

  it.each(['', '\n', 'two words', `${canary}\n${canary}`, 'x'.repeat(2000), 'a\0b', 'schlüssel'])(
    'refuses what is not one word, without repeating it: %j',
    (content) => {
      const file = write('key', content)
      const { message } = faultOf(() => readSecretAccessKey({ secretAccessKeyFile: file }))
      expect(message).toBe(`Cannot use secret key file "${file}": it does not hold one word`)
    },
  )

  it('names a file that is not there', () => {
    const file = join(folder, 'nowhere')
    const fault = faultOf(() => readSecretAccessKey({ secretAccessKeyFile: file }))
    expect(fault.message).toBe(`Cannot read secret key file "${file}"`)
    expect(fault.cause).toMatchObject({ code: 'ENOENT' })
  })
})

describe('readRate()', () => {
  it.each([
    [500, 512_000],
    ['500', 512_000],
    ['1K', 1024],
    ['1.5M', 1_572_864],
    ['10 MiB', 10_485_760],
    ['2G', 2_147_483_648],
    [0, 0],
    ['0', 0],
  ])('takes %j as bytes in a second', (written, bytes) => {
    expect(readRate(written)).toBe(bytes)
  })

  it.each([-1, 1.5, '1.5', '', 'fast', '10M/s', '0M', Number.NaN, null, true, [1]])(
    'refuses %j',
    (written) => {
      expect(readRate(written)).toBeUndefined()
    },
  )
})

describe('resolveLocation()', () => {
  it.each(['s3:https://h/b', 's3:eu-west-1/b', 's3://b/p', 'memory:x'])(
    'leaves the address %s as it is',
    (address) => {
      expect(isAddress(address)).toBe(true)
      expect(resolveLocation(address, '/work')).toBe(address)
    },
  )

  it.each(['repo', './s3:x', '/srv/a:b', 'C:/x'])('makes the path %s absolute', (path) => {
    expect(isAddress(path)).toBe(false)
    expect(resolveLocation(path, '/work')).toMatch(/^\//)
  })

  it.each([
    `s3:https://AKIA:${canary}@h/b`,
    `s3:http://${canary.replace('/', '')}@h/b`,
    `S3:AKIA:${canary.replace('/', '')}@h/b`,
  ])('refuses credentials in %s without repeating them', (address) => {
    let message = ''
    try {
      resolveLocation(address, '/work')
    } catch (error) {
      expect(error).toMatchObject({ code: 'USAGE' })
      const { message: text, remedy, facts } = error as HoldfastError
      message = JSON.stringify([text, remedy, facts])
    }
    expect(message).toContain('holds a name or a password')
    expect(message).not.toContain('canary')
  })

  it.each([
    's3:https://h/b/me@work',
    's3:h:9000/b/me@work',
    's3:https://[::1]:9000/b/a@b',
    's3://b/a:b@c',
  ])('keeps an @ in the prefix of %s', (address) => {
    expect(resolveLocation(address, '/')).toBe(address)
  })
})
