import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { HoldfastError } from '../../../../src/foundation/errors.ts'
import { parseS3Location } from '../../../../src/storage/s3/s3-location.ts'

function faultOf(address: string): HoldfastError {
  try {
    parseS3Location(address)
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError)
    expect(error).toMatchObject({ code: 'USAGE' })
    return error as HoldfastError
  }
  throw new Error(`"${address}" was accepted`)
}

describe('parseS3Location()', () => {
  it.each([
    [
      's3:https://s3.example.org/backups/web1',
      { endpoint: 'https://s3.example.org', bucket: 'backups', prefix: 'web1/' },
    ],
    [
      's3:http://127.0.0.1:9000/backups',
      { endpoint: 'http://127.0.0.1:9000', bucket: 'backups', prefix: '' },
    ],
    [
      's3:https://[::1]:9000/backups/a/b/',
      { endpoint: 'https://[::1]:9000', bucket: 'backups', prefix: 'a/b/' },
    ],
    // As restic writes them.
    [
      's3:s3.example.org/backups/web1',
      { endpoint: 'https://s3.example.org', bucket: 'backups', prefix: 'web1/' },
    ],
    [
      's3:localhost:9000/backups',
      { endpoint: 'https://localhost:9000', bucket: 'backups', prefix: '' },
    ],
    ['s3:localhost/backups', { endpoint: 'https://localhost', bucket: 'backups', prefix: '' }],
    [
      's3:eu-central-1/backups/web1',
      { endpoint: null, region: 'eu-central-1', bucket: 'backups', prefix: 'web1/' },
    ],
    [
      's3:us-gov-west-1/backups',
      { endpoint: null, region: 'us-gov-west-1', bucket: 'backups', prefix: '' },
    ],
    // As the tools of AWS write them.
    ['s3://backups/web1', { endpoint: null, region: null, bucket: 'backups', prefix: 'web1/' }],
  ])('understands %s', (address, expected) => {
    expect(parseS3Location(address)).toMatchObject({ region: null, ...expected })
  })

  it('names what can be typed again, and is the same for all spellings of one place', () => {
    const spellings = [
      's3:https://S3.Example.org:443/backups/web1',
      's3:https://s3.example.org/backups//web1/',
      's3:s3.example.org/backups/web1',
      's3:HTTPS://s3.example.org/backups/%77eb1',
    ]
    const locations = spellings.map((address) => parseS3Location(address).location)
    expect(new Set(locations)).toEqual(new Set(['s3:https://s3.example.org/backups/web1']))
    for (const address of ['s3://backups/web1', 's3:eu-west-1/backups', 's3:http://h:1/bkt/c/d']) {
      const parsed = parseS3Location(address)
      expect(parseS3Location(parsed.location)).toEqual(parsed)
    }
  })

  it('leads threads that are told its location to the same keys, whatever the prefix is', () => {
    const prefix = fc
      .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), { maxLength: 3 })
      .map((folders) => folders.join('/'))
    fc.assert(
      fc.property(prefix, fc.constantFrom('https://h.example', 'eu-west-1'), (path, host) => {
        const isUrl = host.startsWith('https')
        const address = `s3:${host}/backups/${isUrl ? encodeURIComponent(path) : path}`
        let parsed
        try {
          parsed = parseS3Location(address)
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' })
          return
        }
        expect(parseS3Location(parsed.location)).toEqual(parsed)
      }),
    )
  })

  it('keeps a blank and other signs of a prefix, escaped or not', () => {
    const parsed = parseS3Location('s3:https://h.example/backups/my%20files/ü')
    expect(parsed.prefix).toBe('my files/ü/')
    expect(parseS3Location('s3:eu-west-1/backups/my files/ü').prefix).toBe('my files/ü/')
  })

  it.each([
    ['s3:', 'neither a host nor a region'],
    ['s3:/backups', 'neither a host nor a region'],
    ['s3:backups/web1', 'neither a host nor a region'],
    ['s3://', 'names no bucket'],
    ['s3:https://s3.example.org', 'names no bucket'],
    ['s3:https://s3.example.org//', 'names no bucket'],
    ['s3:eu-west-1', 'names no bucket'],
    ['s3:https://', 'not a URL'],
    ['s3:https://host:port/backups', 'not a URL'],
    ['s3:https://s3.example.org/ab', 'not the name of a bucket'],
    ['s3:https://s3.example.org/-bucket', 'not the name of a bucket'],
    ['s3:https://s3.example.org/my bucket/web1', 'not the name of a bucket'],
    ['s3:https://s3.example.org/backups?versions', 'behind "?"'],
    ['s3:https://s3.example.org/backups#top', 'behind "?"'],
    ['s3:eu-west-1/backups/../other', '"." or ".."'],
    ['s3:https://s3.example.org/backups/%zz', 'hexadecimal'],
    [`s3:eu-west-1/backups/${'a'.repeat(901)}`, 'too long'],
  ])('refuses %s', (address, reason) => {
    const { message, remedy } = faultOf(address)
    expect(message).toContain(reason)
    expect(remedy).toContain('s3:https://HOST/BUCKET/PREFIX')
  })

  it.each(['AKIAX:s3cr3t', 'AKIAX:s3/cr3t+x', 's3cr3t', 'AKIAX:'])(
    'refuses the credentials %s in an address without repeating them',
    (credentials) => {
      for (const form of ['s3:https://', 's3:http://', 's3:']) {
        const { message, remedy, facts } = faultOf(`${form}${credentials}@s3.example.org/backups`)
        expect(JSON.stringify({ message, remedy, facts })).not.toMatch(/AKIAX|cr3t/)
        expect(remedy).toContain('AWS_SECRET_ACCESS_KEY')
      }
    },
  )
})
