import { afterEach, expect, it, vi } from 'vitest'

import { childEnvironment } from '../../../src/foundation/child-environment.ts'

const names = [
  'HOLDFAST_PASSPHRASE',
  'HOLDFAST_TOKEN',
  'HOLDFAST_FROM_AWS_ACCESS_KEY_ID',
  'HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY',
  'HOLDFAST_FROM_AWS_SESSION_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
]

afterEach(() => void vi.unstubAllEnvs())

function namesFor(location: string): string[] {
  for (const name of names) vi.stubEnv(name, 'set')
  const environment = childEnvironment(location)
  return names.filter((name) => environment[name] !== undefined)
}

it('keeps the keys of its store from programs, and leaves the profile that others may use', () => {
  expect(namesFor('s3:https://h/b')).toEqual(['AWS_PROFILE'])
  expect(process.env['AWS_SECRET_ACCESS_KEY']).toBe('set')
})

it('leaves keys that are not those of the repository', () => {
  expect(namesFor('/srv/repo')).toEqual(names.slice(5))
})
