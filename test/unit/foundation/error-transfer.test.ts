import { describe, expect, it } from 'vitest'

import { CatalogueError } from '../../../src/catalogue/errors.ts'
import { receiveError, transferError } from '../../../src/foundation/error-transfer.ts'
import {
  DamageError,
  HoldfastError,
  RepositoryError,
  SourceError,
  TargetError,
} from '../../../src/foundation/errors.ts'
import { ObjectConflictError } from '../../../src/storage/errors.ts'

function cross(error: unknown): HoldfastError {
  return receiveError(structuredClone(transferError(error)))
}

describe('an error that crosses threads', () => {
  it('keeps its class, code, message, remedy, facts and cause', () => {
    const options = { remedy: 'Try again', facts: { bytes: 3 }, cause: new Error('why') }
    const errors = [
      new DamageError('Cannot read', options),
      new RepositoryError('STORAGE_FAILED', 'Cannot read', options),
      new SourceError('Cannot read', options),
      new TargetError('Cannot read', options),
      new HoldfastError('WORKER_FAILED', 'Cannot read', options),
    ]
    for (const error of errors) {
      const received = cross(error)
      expect(received.constructor).toBe(error.constructor)
      expect(received.name).toBe(error.name)
      expect(received).toMatchObject({ code: error.code, message: 'Cannot read', ...options })
      expect(received.stack).toContain('error-transfer.test.ts')
    }
  })

  it('is a fault of the repository when its own class, unknown there, is a kind of it', () => {
    class Narrow extends DamageError {}
    expect(cross(new Narrow('Cannot read'))).toBeInstanceOf(DamageError)
    const errors = [
      new CatalogueError('failed', 'Cannot read', { path: 'catalogue.db' }),
      new ObjectConflictError('repo', 'locks/a'),
    ]
    for (const error of errors) {
      const received = cross(error)
      expect(received.constructor).toBe(RepositoryError)
      expect(received).toMatchObject({ code: error.code, facts: error.facts })
    }
  })

  it('whatever its class is called, as in a bundle that has two of one name', () => {
    const renamed = class DamageError$1 extends DamageError {}
    expect(cross(new renamed('Cannot read')).constructor).toBe(DamageError)
  })

  it('is a fault of the program when nobody foresaw it', () => {
    for (const error of [new TypeError('x is not a function'), 'thrown text']) {
      const received = cross(error)
      expect(received.constructor).toBe(HoldfastError)
      expect(received.code).toBe('INTERNAL')
    }
  })
})
