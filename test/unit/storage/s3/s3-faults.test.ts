import { describe, expect, it } from 'vitest'

import { HoldfastError, RepositoryError } from '../../../../src/foundation/errors.ts'
import { noPlaceCode } from '../../../../src/storage/errors.ts'
import {
  CutOffError,
  isNotImplemented,
  isTaken,
  isTransientFault,
  s3Error,
} from '../../../../src/storage/s3/s3-faults.ts'

/** As the client throws it: a name, and what the store answered. */
function answer(status: number, name = 'Unknown', message = 'UnknownError'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}

function network(code: string, message = code): Error {
  return Object.assign(new Error(message), { code })
}

const at = {
  location: 's3:https://s3.example.org/backups',
  action: 'read',
  what: 'packs/0a',
  bucket: 'backups',
}

describe('isTransientFault()', () => {
  it.each([
    ['a store that fails', answer(500, 'InternalError')],
    ['a store that is too busy', answer(503, 'SlowDown')],
    ['a proxy that reaches nobody', answer(502)],
    ['a gateway that waited too long', answer(504)],
    ['a request that took too long', answer(408)],
    ['too many requests', answer(429)],
    ['a conditional put that lost a race', answer(409, 'ConditionalRequestConflict')],
    ['a throttled request with a status of its own', answer(400, 'ThrottlingException')],
    ['a body that was cut off', new CutOffError('ended after 3 of 5 bytes')],
    ['a time-out of our own', Object.assign(new Error('idle'), { name: 'TimeoutError' })],
    ['a connection that nobody takes', network('ECONNREFUSED')],
    ['a connection that broke', network('ECONNRESET')],
    ['a name server that is away', network('EAI_AGAIN')],
    ['an answer that ended early, in the words of Node', new Error('aborted')],
    ['a connection that was closed, in the words of Node', new Error('socket hang up')],
  ])('is true for %s', (_, error) => {
    expect(isTransientFault(error)).toBe(true)
  })

  it.each([
    ['what the store cannot do', answer(501, 'NotImplemented')],
    ['a missing object', answer(404, 'NoSuchKey')],
    ['a missing bucket', answer(404, 'NoSuchBucket')],
    ['a refusal', answer(403, 'AccessDenied')],
    ['a condition that does not hold', answer(412, 'PreconditionFailed')],
    ['a malformed request', answer(400, 'InvalidRequest')],
    ['a certificate of an unknown authority', network('SELF_SIGNED_CERT_IN_CHAIN')],
    ['an error of ours', new RepositoryError('OBJECT_DAMAGED', 'Cannot read')],
    ['a mistake of ours', new RangeError('Not a byte range')],
    ['an error of anything else', new Error('anything')],
    ['nothing', undefined],
  ])('is false for %s', (_, error) => {
    expect(isTransientFault(error)).toBe(false)
  })
})

describe('s3Error()', () => {
  it.each([
    ['a store that fails', answer(500, 'InternalError'), 'STORAGE_FAILED'],
    ['a store that is too busy', answer(503, 'SlowDown'), 'STORAGE_FAILED'],
    ['a time-out', Object.assign(new Error('idle'), { name: 'TimeoutError' }), 'STORAGE_FAILED'],
    ['a broken connection', network('ECONNRESET'), 'STORAGE_FAILED'],
    ['a body that was cut off', new CutOffError('ended after 3 of 5 bytes'), 'STORAGE_FAILED'],
    ['a refusal', answer(403, 'AccessDenied'), 'STORAGE_FAILED'],
    ['a missing bucket', answer(404, 'NoSuchBucket'), 'STORAGE_FAILED'],
    ['a missing object', answer(404, 'NoSuchKey'), 'OBJECT_MISSING'],
    ['a missing object that was asked for by HEAD', answer(404, 'NotFound'), 'OBJECT_MISSING'],
    ['a full store', answer(507, 'InsufficientStorage'), 'STORAGE_FULL'],
    ['a quota of Ceph', answer(403, 'QuotaExceeded'), 'STORAGE_FULL'],
  ])('makes of %s %s', (_, error, code) => {
    const made = s3Error(error, at)
    expect(made).toBeInstanceOf(HoldfastError)
    expect(made).toMatchObject({ code, cause: error })
  })

  it('calls an object that ends before the range damaged', () => {
    expect(s3Error(answer(416, 'InvalidRange'), at)).toMatchObject({ code: 'OBJECT_DAMAGED' })
  })

  it.each([
    ['InvalidAccessKeyId', 403, 'the store does not know this access key'],
    ['SignatureDoesNotMatch', 403, 'the secret key is not the one of this access key'],
    ['ExpiredToken', 400, 'the session of these credentials is over'],
  ])('says what is wrong with credentials: %s', (name, status, state) => {
    const error = s3Error(answer(status, name), at)
    expect(error.message).toBe(`Cannot read "packs/0a" in "${at.location}": ${state}`)
    expect(error).toMatchObject({
      remedy: expect.stringMatching(/AWS_SECRET_ACCESS_KEY.*AWS_PROFILE.*holdfast\.s3/),
    })
  })

  it('names the bucket that is not there, so that whoever opens the repository knows that there is none', () => {
    const error = s3Error(answer(404, 'NoSuchBucket'), at)
    expect(error.message).toContain('there is no bucket "backups"')
    expect(error).toMatchObject({ facts: { errno: noPlaceCode } })
  })

  it.each([
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('names --cacert when TLS ends with %s', (code) => {
    expect(s3Error(network(code), at)).toMatchObject({
      code: 'STORAGE_FAILED',
      remedy: expect.stringContaining('--cacert'),
    })
  })

  it('tells of a store that speaks no TLS how to write that', () => {
    const error = s3Error(network('EPROTO', 'write EPROTO C0B6:error:0A00010B\n'), at)
    expect(error.message).toBe(`Cannot read "packs/0a" in "${at.location}": it does not speak TLS`)
    expect(error).toMatchObject({ remedy: expect.stringContaining('s3:http://') })
  })

  it('tells of clocks that differ how to set this one', () => {
    expect(s3Error(answer(403, 'RequestTimeTooSkewed'), at)).toMatchObject({
      code: 'STORAGE_FAILED',
      remedy: expect.stringContaining('timedatectl'),
    })
  })

  it('leaves errors of ours and mistakes as they are', () => {
    for (const error of [new RepositoryError('OBJECT_DAMAGED', 'x'), new RangeError('x')]) {
      expect(s3Error(error, at)).toBe(error)
    }
  })

  it('makes something of what is no error', () => {
    for (const thrown of [undefined, null, 'text', 7]) {
      expect(s3Error(thrown, at)).toMatchObject({ code: 'STORAGE_FAILED' })
    }
  })
})

describe('what a put was answered', () => {
  it('tells a name that is taken from a request that the store does not know', () => {
    expect(isTaken(answer(412, 'PreconditionFailed'))).toBe(true)
    expect(isTaken(answer(409))).toBe(false)
    expect(isNotImplemented(answer(501))).toBe(true)
    expect(isNotImplemented(answer(400, 'NotImplemented'))).toBe(true)
    expect(isNotImplemented(answer(500))).toBe(false)
  })
})
