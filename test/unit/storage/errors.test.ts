import { closeSync, openSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { DamageError, RepositoryError } from '../../../src/foundation/errors.ts'
import { ObjectConflictError, storageError } from '../../../src/storage/errors.ts'
import { nameOf } from '../../support/object-names.ts'

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

describe('storageError()', () => {
  it('calls a full disk STORAGE_FULL, with what to do', () => {
    const descriptor = openSync('/dev/full', 'w')
    const cause = thrownBy(() => writeSync(descriptor, 'x'))
    closeSync(descriptor)
    const error = storageError({ action: 'write', path: '/repository/packs/a', cause })
    expect(error).toMatchObject({
      code: 'STORAGE_FULL',
      message: 'Cannot write "/repository/packs/a": no space left (ENOSPC)',
      facts: { path: '/repository/packs/a', errno: 'ENOSPC' },
      cause,
    })
    expect((error as RepositoryError).remedy).toContain('Free space')
  })

  it('calls a used-up quota STORAGE_FULL too', () => {
    const cause = Object.assign(new Error('EDQUOT: quota exceeded'), { code: 'EDQUOT' })
    expect(storageError({ action: 'write', path: 'a', cause })).toMatchObject({
      code: 'STORAGE_FULL',
    })
  })

  it('calls everything else STORAGE_FAILED and keeps the cause', () => {
    const cause = thrownBy(() => openSync('/none/at/all', 'r'))
    const error = storageError({ action: 'open', path: '/none/at/all', cause })
    expect(error).toBeInstanceOf(RepositoryError)
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', facts: { errno: 'ENOENT' }, cause })
  })

  it('passes typed errors and mistakes of the caller on unchanged', () => {
    const damage = new DamageError('Cannot read "a": short')
    const mistake = new RangeError('Not an object name')
    expect(storageError({ action: 'read', path: 'a', cause: damage })).toBe(damage)
    expect(storageError({ action: 'read', path: 'a', cause: mistake })).toBe(mistake)
  })
})

describe('ObjectConflictError', () => {
  it('says damage only of names that are hashes', () => {
    expect(new ObjectConflictError('/r', nameOf('packs', 'a')).code).toBe('OBJECT_DAMAGED')
    expect(new ObjectConflictError('/r', nameOf('locks', 'a')).code).toBe('STORAGE_FAILED')
    expect(new ObjectConflictError('/r', 'config').objectName).toBe('config')
  })
})
