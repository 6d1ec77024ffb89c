import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { HoldfastError } from '../../foundation/errors.ts'
import type { Retention } from '../versioned-objects.ts'
import type { StorageSettings } from '../storage-settings.ts'
import type { S3Location } from './s3-location.ts'

/** Keys of an account. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** All that the thread that does the requests needs; it can be cloned. */
export interface S3Settings extends S3Location {
  /** Undefined takes the standard chain of AWS: profiles, web identity, the machine's role. */
  readonly credentials: S3Credentials | undefined
  /** Of the files of the AWS tools; undefined is AWS_PROFILE or the default one. */
  readonly profile: string | undefined
  /** File with certificates of authorities, in PEM, that are trusted besides the usual ones. */
  readonly cacert: string | undefined
  /** Bytes a second; undefined is without a limit. */
  readonly uploadBytesPerSecond: number | undefined
  readonly downloadBytesPerSecond: number | undefined
  /** Folder of this machine for packs that are being written and for what is read often. */
  readonly cacheFolder: string
  /** What is kept near may take so much. */
  readonly nearBytesMax: number
  /** Requests that fail are tried again for so long. */
  readonly retryForMs: number
  /** How long each new object that stays is kept from being deleted by anybody. */
  readonly retention: Retention | undefined
  /** A request during which not a byte moves for so long has failed. */
  readonly idleMsMax: number
}

/** A node that went down is back in a minute as a rule; a person who waits wants to hear of it sooner than after restic's 15 minutes. */
const retryForMsDefault = 5 * 60_000
/** Longer than a store takes to fail over (seconds), shorter than anybody waits for. */
const idleMsMaxDefault = 30_000

/** Directories of some 10,000,000 files, compressed. */
const nearBytesMaxDefault = 512 * 1024 * 1024

/** @throws {HoldfastError} `USAGE` for one half of a pair of keys */
export function s3SettingsOf(location: S3Location, settings: StorageSettings): S3Settings {
  return {
    ...location,
    region: location.region ?? settings.s3?.region ?? null,
    credentials: credentialsOf(settings),
    profile: settings.s3?.profile,
    cacert: settings.cacert === undefined ? undefined : resolve(settings.cacert),
    uploadBytesPerSecond: settings.uploadBytesPerSecond,
    downloadBytesPerSecond: settings.downloadBytesPerSecond,
    cacheFolder: cacheFolderOf(location.location, settings),
    nearBytesMax: nearBytesMaxDefault,
    retryForMs: settings.retryForMs ?? secondsOf('HOLDFAST_S3_RETRY_SECONDS') ?? retryForMsDefault,
    retention: settings.retention,
    idleMsMax: secondsOf('HOLDFAST_S3_TIMEOUT_SECONDS') ?? idleMsMaxDefault,
  }
}

function credentialsOf({ s3 }: StorageSettings): S3Credentials | undefined {
  if (s3?.accessKeyId === undefined && s3?.secretAccessKey === undefined) {
    return s3?.profile === undefined ? environmentCredentials() : undefined
  }
  const { accessKeyId, secretAccessKey, sessionToken } = s3
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new HoldfastError(
      'CONFIG_INVALID',
      'Cannot open the repository: of access key and secret key only one is given',
      { remedy: 'Give both, or none for the standard chain of AWS' },
    )
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

/** The chain of AWS takes AWS_PROFILE before keys that are given beside it, and says so on standard error; its own tools take the keys. */
function environmentCredentials(): S3Credentials | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
    AWS_SESSION_TOKEN: sessionToken = '',
  } = process.env
  if (accessKeyId === '' || secretAccessKey === '') return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) }
}

/** By the address, because the id of the repository is not known before its first object has been read. */
function cacheFolderOf(location: string, { cacheDirectory }: StorageSettings): string {
  const cache =
    cacheDirectory ??
    process.env['HOLDFAST_CACHE_DIR'] ??
    join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast')
  const name = createHash('sha256').update(location).digest('hex').slice(0, 32)
  return join(resolve(cache), 'storages', name)
}

function secondsOf(variable: string): number | undefined {
  const seconds = Number(process.env[variable])
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}
