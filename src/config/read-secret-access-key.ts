import { HoldfastError } from '../foundation/errors.ts'
import { readSecretFile, type RefusalOptions } from './read-secret-file.ts'
import type { S3StoreSettings } from './settings.ts'

/** AWS's have 40 characters, those of other stores hardly more. */
const keyBytesMax = 1024

/**
 * The secret key that goes with `access_key_id`: from the configuration itself, or from the file that it names. Blanks and line ends around it
 * are dropped.
 *
 * @throws {HoldfastError} `CONFIG_INVALID` when the file cannot be read, is open to other users, or holds anything but one word
 */
export function readSecretAccessKey(settings: S3StoreSettings): string | undefined {
  const { secretAccessKey, secretAccessKeyFile: file } = settings
  if (file === undefined) return secretAccessKey
  const bytes = readSecretFile({ file, kind: 'secret key file', bytesMax: keyBytesMax, refuse })
  const text = bytes.toString('utf8').trim()
  if (bytes.length <= keyBytesMax && /^[\x21-\x7e]+$/.test(text)) return text
  throw refuse(`Cannot use secret key file "${file}": it does not hold one word`, {
    facts: { file },
  })
}

function refuse(message: string, options: RefusalOptions): HoldfastError {
  const remedy = 'Name a file that holds nothing but the secret key in holdfast.s3'
  return new HoldfastError('CONFIG_INVALID', message, { remedy, ...options })
}
