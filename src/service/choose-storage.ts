import { resolve } from 'node:path'

import type { Configuration } from '../config/load-config.ts'
import type { S3StoreSettings } from '../config/settings.ts'
import { HoldfastError } from '../foundation/errors.ts'
import type { StorageSettings } from '../repository/open-chosen-storage.ts'

/** What a command line may say of it. */
export interface GivenStorage {
  readonly cacert?: string
  /** In bytes a second; 0 is without a limit. */
  readonly limitUpload?: number
  readonly limitDownload?: number
}

/**
 * What a repository is to the command: the one that it works on, another one that gets copies, or the one that is read from. Two of them may
 * belong to different accounts.
 */
export type StorageRole = 'first' | 'other' | 'from'

export interface StorageHints {
  readonly location: string
  /** Default: the first. */
  readonly role?: StorageRole
  readonly globals: GivenStorage
  readonly configuration: Configuration | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly workingFolder: string
}

/**
 * How a repository that is no folder is reached: what the command line says, else the environment, else config.yml. What none of them says
 * is left to the standard chain of AWS. For another repository than the first, what is said of it alone comes before what is said of the
 * account in general, which is the first one's.
 */
export async function chooseStorage(hints: StorageHints): Promise<StorageSettings> {
  const { globals, configuration } = hints
  const settings = configuration?.settings
  const upload = globals.limitUpload ?? settings?.uploadBytesPerSecond
  const download = globals.limitDownload ?? settings?.downloadBytesPerSecond
  const cacert = certificatesOf(hints)
  return {
    ...(cacert !== undefined && { cacert }),
    ...(isLimit(upload) && { uploadBytesPerSecond: upload }),
    ...(isLimit(download) && { downloadBytesPerSecond: download }),
    ...(await chooseAccount(hints)),
  }
}

async function chooseAccount({
  location,
  role = 'first',
  configuration,
  environment,
}: StorageHints): Promise<Pick<StorageSettings, 's3'>> {
  const named = role === 'from' ? fromAccount(environment) : undefined
  if (named) return { s3: named }
  if (!configuration) return {}
  const { s3, alsoTo } = configuration.settings
  const own = alsoTo.find((other) => other.location === location)?.s3
  if (own && role !== 'first') return { s3: await ownAccount(own) }
  return { s3: await chooseStore(own ?? s3, environment) }
}

/** The account of the repository that is read from, by the names of AWS with ours in front; undefined when none is given. */
function fromAccount(environment: NodeJS.ProcessEnv): StorageSettings['s3'] {
  const given = (name: string): string | undefined =>
    environment[`HOLDFAST_FROM_AWS_${name}`] || undefined
  const keys = {
    accessKeyId: given('ACCESS_KEY_ID'),
    secretAccessKey: given('SECRET_ACCESS_KEY'),
    sessionToken: given('SESSION_TOKEN'),
  }
  const region = given('REGION')
  if (keys.accessKeyId !== undefined || keys.secretAccessKey !== undefined) {
    if (keys.accessKeyId === undefined || keys.secretAccessKey === undefined) throw halfGiven()
    return { ...keys, region }
  }
  const profile = given('PROFILE')
  return profile === undefined ? undefined : { profile, region }
}

function halfGiven(): HoldfastError {
  return new HoldfastError(
    'USAGE',
    'Cannot read from the other repository: half of a key is given',
    {
      remedy:
        'Set both HOLDFAST_FROM_AWS_ACCESS_KEY_ID and HOLDFAST_FROM_AWS_SECRET_ACCESS_KEY, or none of them',
    },
  )
}

async function ownAccount(settings: S3StoreSettings): Promise<NonNullable<StorageSettings['s3']>> {
  const { secretAccessKeyFile: _file, ...own } = settings
  if (own.accessKeyId === undefined) return own
  const { readSecretAccessKey } = await import('../config/read-secret-access-key.ts')
  return { ...own, secretAccessKey: readSecretAccessKey(settings) }
}

function certificatesOf(hints: StorageHints): string | undefined {
  const { globals, environment, workingFolder, configuration } = hints
  // What the tools of AWS call it.
  const variables = [environment['HOLDFAST_CACERT'], environment['AWS_CA_BUNDLE']]
  const named = globals.cacert ?? variables.find((value) => (value ?? '') !== '')
  return named === undefined ? configuration?.settings.cacert : resolve(workingFolder, named)
}

function isLimit(bytesPerSecond: number | undefined): bytesPerSecond is number {
  return bytesPerSecond !== undefined && bytesPerSecond > 0
}

async function chooseStore(
  settings: S3StoreSettings,
  environment: NodeJS.ProcessEnv,
): Promise<NonNullable<StorageSettings['s3']>> {
  const isGiven = (name: string): boolean => (environment[name] ?? '') !== ''
  const { accessKeyId, profile, region } = settings
  const hasRegion = isGiven('AWS_REGION') || isGiven('AWS_DEFAULT_REGION')
  const chosenRegion = hasRegion || region === undefined ? {} : { region }
  if (hasEnvironmentKeys(environment) || isGiven('AWS_PROFILE')) return chosenRegion
  if (accessKeyId === undefined) return { ...chosenRegion, ...(profile && { profile }) }
  const { region: _region, ...account } = await ownAccount(settings)
  return { ...account, ...chosenRegion }
}

export function hasEnvironmentKeys(environment: NodeJS.ProcessEnv): boolean {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  return names.every((name) => (environment[name] ?? '') !== '')
}
