import { timingSafeEqual } from 'node:crypto'
import { DamageError } from '../../foundation/errors.ts'
import { objectLockDaysMax, objectLockModes } from '../../model/object-lock.ts'
import type { RepositoryConfig } from '../../model/repository-config.ts'
import { createBlobHasher } from '../hashing/blob-hasher.ts'
import { createFieldReader } from './field-reader.ts'
import type { FieldReader } from './field-reader.ts'
import { parseJsonObject } from './json-text.ts'
import { decodeTextObject, encodeTextObject, versionOfTextObject } from './text-object.ts'

/** A configuration whose `mac` waits for the key (`checkRepositoryConfigMac`). */
export interface DecodedRepositoryConfig {
  readonly config: RepositoryConfig
  /** The text that the mac covers. */
  readonly coveredText: string
  readonly mac: Buffer
}

const kind = 'holdfast repository'
const objectName = 'config'
const chunkAverageBytesMin = 16_384
const chunkAverageBytesMax = 2_097_152
const macForm = /,"mac":"([0-9a-f]{64})"\}$/
const macTailLength = ',"mac":""}'.length + 64
const fieldNames = [
  'version',
  'repositoryId',
  'createdAtMs',
  'encryption',
  'chunker',
  'chunkAverageBytes',
  'compression',
  'secret',
  'objectLock',
  'mac',
]

/**
 * Writes the `config` object (docs/FORMAT.md, section 3).
 *
 * @param configKey `RepositoryKeys.configKey`.
 * @throws {RangeError} when the configuration breaks a rule of the format.
 */
export function encodeRepositoryConfig(config: RepositoryConfig, configKey: Uint8Array): Buffer {
  const coveredText = JSON.stringify({
    version: config.version,
    repositoryId: config.repositoryId,
    createdAtMs: config.createdAtMs,
    encryption: config.encryption,
    chunker: config.chunker,
    chunkAverageBytes: config.chunkAverageBytes,
    compression: config.compression,
    ...(config.secret === undefined ? {} : { secret: config.secret }),
    ...(config.objectLock && {
      objectLock: { mode: config.objectLock.mode, days: config.objectLock.days },
    }),
  })
  const mac = macOf(coveredText, configKey).toString('hex')
  const bytes = encodeTextObject(
    kind,
    `${coveredText.slice(0, -1)},"mac":"${mac}"}`,
    config.version,
  )
  try {
    decodeRepositoryConfig(bytes)
  } catch (cause) {
    throw new RangeError('The repository configuration is not valid', { cause })
  }
  return bytes
}

/**
 * Reads the `config` object. Its fields can be forged until `checkRepositoryConfigMac` was called.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`, naming the field.
 * @throws {RepositoryError} `FORMAT_UNSUPPORTED` when a newer program wrote it.
 */
export function decodeRepositoryConfig(bytes: Uint8Array): DecodedRepositoryConfig {
  const text = decodeTextObject(kind, bytes)
  const fields = createFieldReader(parseJsonObject(text, objectName), objectName)
  const mac = fields.hex('mac', 32)
  if (macForm.exec(text)?.[1] !== mac) throw fields.damage('mac', 'it is not the last field')
  fields.only(fieldNames)
  const config: RepositoryConfig = {
    version: readVersion(fields, bytes),
    repositoryId: fields.hex('repositoryId', 16),
    createdAtMs: fields.time('createdAtMs'),
    encryption: fields.literal('encryption', ['aes-256-gcm', 'none']),
    chunker: fields.literal('chunker', ['sieve-1']),
    chunkAverageBytes: readChunkAverageBytes(fields),
    compression: fields.literal('compression', ['zstd']),
  }
  const coveredText = `${text.slice(0, -macTailLength)}}`
  return {
    config: { ...config, ...readSecret(fields, config), ...readObjectLock(fields, config) },
    coveredText,
    mac: Buffer.from(mac, 'hex'),
  }
}

/**
 * Refuses a configuration that was not written by someone who has the master secret: to say
 * `encryption: "none"` in an encrypted repository, say.
 *
 * @throws {DamageError} `OBJECT_DAMAGED`
 */
export function checkRepositoryConfigMac(
  decoded: DecodedRepositoryConfig,
  configKey: Uint8Array,
): void {
  if (!timingSafeEqual(macOf(decoded.coveredText, configKey), decoded.mac)) {
    throw new DamageError('Cannot read config, field "mac": it does not match the other fields')
  }
}

function macOf(coveredText: string, configKey: Uint8Array): Buffer {
  return createBlobHasher(configKey).hash(Buffer.from(coveredText, 'utf8'))
}

/** Both lines have to say the same: the first one is read by programs that know nothing of the second. */
function readVersion(fields: FieldReader, bytes: Uint8Array): RepositoryConfig['version'] {
  const version = fields.literal('version', [1, 2])
  if (version === versionOfTextObject(kind, bytes)) return version
  throw fields.damage('version', 'the first line says another')
}

/** Version 2 says nothing else, so what needs none of it is written, and read everywhere, as version 1. */
function readObjectLock(
  fields: FieldReader,
  { version }: RepositoryConfig,
): Pick<RepositoryConfig, 'objectLock'> {
  if (version === 1) {
    if (fields.has('objectLock')) throw fields.damage('objectLock', 'version 1 knows none')
    return {}
  }
  const lock = fields.object('objectLock')
  lock.only(['mode', 'days'])
  const mode = lock.literal('mode', objectLockModes)
  return { objectLock: { mode, days: lock.integer('days', { min: 1, max: objectLockDaysMax }) } }
}

function readChunkAverageBytes(fields: FieldReader): number {
  const bounds = { min: chunkAverageBytesMin, max: chunkAverageBytesMax }
  const bytes = fields.integer('chunkAverageBytes', bounds)
  if ((bytes & (bytes - 1)) !== 0) throw fields.damage('chunkAverageBytes', 'it is no power of two')
  return bytes
}

function readSecret(fields: FieldReader, config: RepositoryConfig): { secret?: string } {
  if (config.encryption === 'none') return { secret: fields.hex('secret', 32) }
  if (fields.has('secret')) {
    throw fields.damage('secret', 'an encrypted repository must not show its secret')
  }
  return {}
}
