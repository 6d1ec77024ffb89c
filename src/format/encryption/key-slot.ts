import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import { DamageError, HoldfastError } from '../../foundation/errors.ts'
import { deriveKey } from '../hashing/blob-hasher.ts'
import { deriveSlotKey } from './slot-key.ts'
import { kdfProblem } from './kdf-parameters.ts'
import type { KdfParameters } from './kdf-parameters.ts'
import { masterSecretBytes } from './repository-keys.ts'

/**
 * One passphrase's way to the master secret (docs/FORMAT.md, section 4). Byte strings are lower-
 * case hexadecimal.
 */
export interface KeySlot extends KdfParameters {
  readonly version: 1
  /** 16 bytes; also the slot's name under `keys/`. */
  readonly slotId: string
  /** 16 bytes. */
  readonly repositoryId: string
  readonly createdAtMs: number
  readonly label: string
  readonly kdf: 'argon2id'
  /** 32 bytes. */
  readonly salt: string
  /** 12 bytes. */
  readonly nonce: string
  /** 32 bytes of ciphertext and 16 of tag. */
  readonly wrapped: string
  /** 32 bytes. */
  readonly commitment: string
}

export interface KeySlotSource {
  readonly passphrase: string
  readonly masterSecret: Uint8Array
  /** 32 hexadecimal digits. */
  readonly repositoryId: string
  readonly label: string
  readonly createdAtMs: number
  readonly parameters?: KdfParameters
  /** Source of id, salt and nonce; the system's when missing. Only for tests that pin bytes. */
  readonly random?: (bytes: number) => Buffer
}

/** Characters of a label. */
export const slotLabelLengthMax = 1_024

/** RFC 9106's second recommended choice: 64 MiB, three passes, four lanes. */
export const defaultKdfParameters: KdfParameters = { memoryKiB: 65_536, passes: 3, lanes: 4 }

const cipherName = 'aes-256-gcm'
const cipherOptions = { authTagLength: 16 } as const
const additionalDataPrefix = 'holdfast key slot 1'
const commitmentContext = 'holdfast v1 slot commitment'
const wrapContext = 'holdfast v1 slot wrap'

/**
 * Wraps the master secret for one passphrase.
 *
 * A final line end of the passphrase is not part of it, so that one typed and one read from a file
 * are the same.
 *
 * @throws {HoldfastError} `KEY_REFUSED` for an empty passphrase, one that is not well-formed text,
 * a label that is too long, or parameters outside the bounds of the format.
 * @throws {RangeError} when the master secret or the repository id has another length.
 */
export async function createKeySlot(source: KeySlotSource): Promise<KeySlot> {
  const { passphrase, masterSecret, repositoryId, label, createdAtMs } = source
  const { memoryKiB, passes, lanes } = source.parameters ?? defaultKdfParameters
  if (masterSecret.length !== masterSecretBytes) throw new RangeError('A master secret is 32 bytes')
  if (!/^[0-9a-f]{32}$/.test(repositoryId)) throw new RangeError('A repository id is 32 digits')
  if (label.length > slotLabelLengthMax) {
    throw new HoldfastError(
      'KEY_REFUSED',
      `Cannot add key: a label of ${label.length} characters`,
      {
        remedy: `Give a label of at most ${slotLabelLengthMax} characters`,
      },
    )
  }
  const random = source.random ?? randomBytes
  const slotId = random(16).toString('hex')
  const salt = random(32)
  const nonce = random(12)
  const kek = await deriveSlotKey(passphrase, salt, { memoryKiB, passes, lanes })
  const wrapKey = deriveKey(wrapContext, kek)
  const commitment = deriveKey(commitmentContext, kek).toString('hex')
  const cipher = createCipheriv(cipherName, wrapKey, nonce, cipherOptions)
  cipher.setAAD(additionalDataOf(repositoryId, slotId))
  const ciphertext = Buffer.concat([cipher.update(masterSecret), cipher.final()])
  const wrapped = Buffer.concat([ciphertext, cipher.getAuthTag()]).toString('hex')
  kek.fill(0)
  wrapKey.fill(0)
  return {
    version: 1,
    slotId,
    repositoryId,
    createdAtMs,
    label,
    kdf: 'argon2id',
    memoryKiB,
    passes,
    lanes,
    salt: salt.toString('hex'),
    nonce: nonce.toString('hex'),
    wrapped,
    commitment,
  }
}

/**
 * Unwraps the master secret.
 *
 * @param onDeriving Called once the passphrase is being turned into a key, which other threads do.
 * @returns null when the passphrase is another one.
 * @throws {HoldfastError} `KEY_REFUSED` for an empty or ill-formed passphrase, which no slot can
 * have.
 * @throws {DamageError} `OBJECT_DAMAGED` when the parameters are out of bounds, or when the
 * passphrase is right but the slot was changed or belongs to another repository.
 */
export async function openKeySlot(
  slot: KeySlot,
  passphrase: string,
  onDeriving?: () => void,
): Promise<Buffer | null> {
  const problem = kdfProblem(slot)
  if (problem !== undefined)
    throw new DamageError(`Cannot open key slot "${slot.slotId}": ${problem}`)
  const kek = await deriveSlotKey(passphrase, Buffer.from(slot.salt, 'hex'), slot, onDeriving)
  const wrapKey = deriveKey(wrapContext, kek)
  const commitment = deriveKey(commitmentContext, kek)
  kek.fill(0)
  // GCM does not commit to its key: without this check a made-up slot could open under many
  // passphrases.
  const expected = Buffer.from(slot.commitment, 'hex')
  if (expected.length !== commitment.length || !timingSafeEqual(commitment, expected)) return null
  try {
    return unwrap(slot, wrapKey)
  } catch (cause) {
    throw new DamageError(`Cannot open key slot "${slot.slotId}": its wrapped key was changed`, {
      cause,
    })
  } finally {
    wrapKey.fill(0)
  }
}

function unwrap(slot: KeySlot, wrapKey: Buffer): Buffer {
  const wrapped = Buffer.from(slot.wrapped, 'hex')
  const nonce = Buffer.from(slot.nonce, 'hex')
  const decipher = createDecipheriv(cipherName, wrapKey, nonce, cipherOptions)
  decipher.setAAD(additionalDataOf(slot.repositoryId, slot.slotId))
  decipher.setAuthTag(wrapped.subarray(masterSecretBytes))
  const secret = decipher.update(wrapped.subarray(0, masterSecretBytes))
  return Buffer.concat([secret, decipher.final()])
}

function additionalDataOf(repositoryId: string, slotId: string): Buffer {
  return Buffer.concat([
    Buffer.from(additionalDataPrefix, 'latin1'),
    Buffer.from(repositoryId, 'hex'),
    Buffer.from(slotId, 'hex'),
  ])
}
