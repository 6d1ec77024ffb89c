import { resolve } from 'node:path'

import { HoldfastError } from '../foundation/errors.ts'
import { holdsCredentials } from '../foundation/holds-credentials.ts'

/** `s3:host/bucket`, `s3://bucket`, `file:///x`: a scheme before the first slash. One letter is not a scheme. */
const scheme = /^[a-z][a-z0-9+.-]+:/i

/** Whether a location is anything but a path of this machine. */
export function isAddress(location: string): boolean {
  return scheme.test(location)
}

/**
 * Makes a repository's local path absolute; a location with a scheme stays as it is.
 *
 * @throws {HoldfastError} `USAGE` for an address with credentials
 */
export function resolveLocation(location: string, folder: string): string {
  if (holdsCredentials(location)) {
    throw new HoldfastError(
      'USAGE',
      'Cannot use the repository: its address holds a name or a password',
      {
        remedy:
          'Give credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in holdfast.s3 of config.yml',
      },
    )
  }
  return isAddress(location) ? location : resolve(folder, location)
}
