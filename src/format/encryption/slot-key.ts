import { HoldfastError } from '../../foundation/errors.ts'
import { kdfProblem } from './kdf-parameters.ts'
import type { KdfParameters } from './kdf-parameters.ts'

/** Argon2id and version 0x13, as the module numbers them. */
const argon2id = 2
const version0x13 = 1
const keyBytes = 32

/**
 * Turns a passphrase into 32 bytes by Argon2id. The work is done off the calling thread.
 *
 * @param onStarted Called when that thread is at work, for what may be done meanwhile.
 * @throws {HoldfastError} `KEY_REFUSED` for an empty or ill-formed passphrase or parameters out of
 * bounds.
 * @see RFC 9106
 */
export async function deriveSlotKey(
  passphrase: string,
  salt: Uint8Array,
  parameters: KdfParameters,
  onStarted?: () => void,
): Promise<Buffer> {
  const problem = kdfProblem(parameters)
  if (problem !== undefined) {
    throw new HoldfastError('KEY_REFUSED', `Cannot use key parameters: ${problem}`, {
      remedy: 'Choose parameters within the bounds',
    })
  }
  const bytes = passphraseBytes(passphrase)
  // Loaded here, so that an unencrypted repository never loads it.
  const { hashRaw } = await import('@node-rs/argon2')
  try {
    const deriving = hashRaw(bytes, {
      algorithm: argon2id,
      version: version0x13,
      memoryCost: parameters.memoryKiB,
      timeCost: parameters.passes,
      parallelism: parameters.lanes,
      outputLen: keyBytes,
      salt,
    })
    onStarted?.()
    return await deriving
  } finally {
    bytes.fill(0)
  }
}

function passphraseBytes(passphrase: string): Buffer {
  const text = passphrase.replace(/\r?\n$/, '')
  if (text === '') {
    throw new HoldfastError('KEY_REFUSED', 'Cannot use passphrase: it is empty', {
      remedy: 'Give a passphrase of at least one character',
    })
  }
  // Half of a surrogate pair would become U+FFFD, and other passphrases would do as well.
  if (/\p{Surrogate}/u.test(text)) {
    throw new HoldfastError('KEY_REFUSED', 'Cannot use passphrase: it is not well-formed text', {
      remedy: 'Give a passphrase that is valid UTF-8',
    })
  }
  return Buffer.from(text, 'utf8')
}
