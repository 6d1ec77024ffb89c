import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { DamageError } from '../../../../src/foundation/errors.ts'
import type { RepositoryConfig } from '../../../../src/model/repository-config.ts'
import {
  checkRepositoryConfigMac,
  decodeRepositoryConfig,
  encodeRepositoryConfig,
} from '../../../../src/format/text-object/repository-config.ts'
import { encodeTextObject } from '../../../../src/format/text-object/text-object.ts'
import { countingBytes, keys, masterSecret, repositoryId } from '../object/fixed-repository.ts'
import { acceptedChanges, errorOf } from '../object/refusals.ts'

const config: RepositoryConfig = {
  version: 1,
  repositoryId: repositoryId.toString('hex'),
  createdAtMs: 1_767_225_600_000,
  encryption: 'aes-256-gcm',
  chunker: 'sieve-1',
  chunkAverageBytes: 131_072,
  compression: 'zstd',
}
const open: RepositoryConfig = {
  ...config,
  encryption: 'none',
  secret: masterSecret.toString('hex'),
}
const bytes = encodeRepositoryConfig(config, keys.configKey)

function read(changed: Uint8Array): RepositoryConfig {
  const decoded = decodeRepositoryConfig(changed)
  checkRepositoryConfigMac(decoded, keys.configKey)
  return decoded.config
}

/** What someone without the key can write: all of it fits together but the mac. */
function withText(edit: (json: string) => string): Buffer {
  return encodeTextObject('holdfast repository', edit(bytes.toString().split('\n')[1]))
}

describe('encodeRepositoryConfig()', () => {
  it('writes the fields in order, the mac of them last', () => {
    const covered =
      '{"version":1,"repositoryId":"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",' +
      '"createdAtMs":1767225600000,"encryption":"aes-256-gcm","chunker":"sieve-1",' +
      '"chunkAverageBytes":131072,"compression":"zstd"}'
    const mac = Buffer.from(blake3(Buffer.from(covered), { key: keys.configKey })).toString('hex')
    const [first, json] = bytes.toString().split('\n')
    expect(first).toBe('holdfast repository 1')
    expect(json).toBe(`${covered.slice(0, -1)},"mac":"${mac}"}`)
  })

  it('keeps to the pinned bytes', () => {
    expect(bytes.toString().split('\n')[2]).toBe(
      'blake3 7d7a784a8bcb9adce50e6ce2a0f8df58eb6c9ced4f6a6c258dc21de6780d725a',
    )
  })

  it.each([
    ['a secret in an encrypted repository', { secret: open.secret }],
    ['no secret in an unencrypted one', { encryption: 'none' as const }],
    ['an average that is no power of two', { chunkAverageBytes: 100_000 }],
    ['an average that is too small', { chunkAverageBytes: 8_192 }],
    ['an average that is too large', { chunkAverageBytes: 4_194_304 }],
    ['an id of another length', { repositoryId: 'ab' }],
  ])('refuses %s', (_name, change) => {
    const wrong = { ...config, ...change } as RepositoryConfig
    expect(() => encodeRepositoryConfig(wrong, keys.configKey)).toThrow(RangeError)
  })
})

describe('decodeRepositoryConfig()', () => {
  it('reads back what was written', () => {
    expect(read(bytes)).toEqual(config)
    expect(read(encodeRepositoryConfig(open, keys.configKey))).toEqual(open)
  })

  it('refuses every cut and every flipped bit', () => {
    expect(acceptedChanges(bytes, read)).toEqual([])
  })

  it('refuses a mac made under another key', () => {
    const other = encodeRepositoryConfig(config, countingBytes(32))
    expect(() => read(other)).toThrow(/mac/)
  })

  it('refuses fields changed by someone who has no key', () => {
    const weaker = withText((json) => json.replace('131072', '262144'))
    expect(decodeRepositoryConfig(weaker).config.chunkAverageBytes).toBe(262_144)
    expect(() => read(weaker)).toThrow(/mac/)
  })

  it.each([
    ['mac', (json: string) => json.replace('"mac"', '"max"')],
    ['mac', (json: string) => `${json.slice(0, -1)} }`],
    ['mac', (json: string) => `${json.slice(0, -1)},"extra":1}`],
    ['other', (json: string) => json.replace('{', '{"other":1,')],
    ['__proto__', (json: string) => json.replace('{', '{"__proto__":{"secret":"00"},')],
    ['version', (json: string) => json.replace('"version":1', '"version":2')],
    ['repositoryId', (json: string) => json.replace('a0a1', 'A0A1')],
    ['createdAtMs', (json: string) => json.replace('1767225600000', '-1')],
    ['encryption', (json: string) => json.replace('aes-256-gcm', 'aes-128-gcm')],
    ['secret', (json: string) => json.replace('aes-256-gcm', 'none')],
    ['chunker', (json: string) => json.replace('sieve-1', 'gear-2')],
    ['chunkAverageBytes', (json: string) => json.replace('131072', '131073')],
    ['compression', (json: string) => json.replace('"zstd"', 'null')],
  ])('refuses a wrong %s and names it', (field, edit) => {
    const error = errorOf(() => decodeRepositoryConfig(withText(edit)))
    expect(error).toBeInstanceOf(DamageError)
    expect(error).toMatchObject({ facts: { field } })
  })
})

describe('a configuration with an object lock', () => {
  const locked: RepositoryConfig = {
    ...config,
    version: 2,
    objectLock: { mode: 'governance', days: 30 },
  }
  const lockedBytes = encodeRepositoryConfig(locked, keys.configKey)

  it('is of version 2, which older programs refuse by its first line', () => {
    expect(lockedBytes.toString('latin1')).toMatch(/^holdfast repository 2\n\{"version":2,/)
    expect(read(lockedBytes)).toEqual(locked)
    expect(acceptedChanges(lockedBytes, read)).toEqual([])
    expect(bytes.toString('latin1')).toMatch(/^holdfast repository 1\n\{"version":1,/)
  })

  it('is refused in another version, without one in version 2, and with a period that makes no sense', () => {
    const { objectLock, ...rest } = locked
    for (const wrong of [
      { ...locked, version: 1 as const },
      rest,
      ...[0, 1.5, 40_000].map((days) => ({ ...rest, objectLock: { mode: 'governance', days } })),
    ]) {
      expect(() => encodeRepositoryConfig(wrong as RepositoryConfig, keys.configKey)).toThrow(
        RangeError,
      )
    }
    const json = lockedBytes.toString().split('\n')[1] ?? ''
    expect(() => decodeRepositoryConfig(encodeTextObject('holdfast repository', json, 1))).toThrow(
      DamageError,
    )
    expect(objectLock?.days).toBe(30)
  })
})
