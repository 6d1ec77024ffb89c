import { resolve } from 'node:path'

import type { Configuration } from '../config/load-config.ts'
import type { S3StoreSettings } from '../config/settings.ts'
import type { StorageSettings } from '../repository/open-chosen-storage.ts'

/** What a command line may say of it. */
export interface GivenStorage {
  readonly cacert?: string
  /** In bytes a second; 0 is without a limit. */
  readonly limitUpload?: number
  readonly limitDownload?: number
}

export interface StorageHints {
  readonly globals: GivenStorage
  readonly configuration: Configuration | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly workingFolder: string
}

/**
 * How a repository that is no folder is reached: what the command line says, else the environment, else config.yml. What none of them says
 * is left to the standard chain of AWS.
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
    ...(settings && { s3: await chooseStore(settings.s3, hints.environment) }),
  }
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
  const { readSecretAccessKey } = await import('../config/read-secret-access-key.ts')
  return { ...chosenRegion, accessKeyId, secretAccessKey: readSecretAccessKey(settings) }
}

export function hasEnvironmentKeys(environment: NodeJS.ProcessEnv): boolean {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
  return names.every((name) => (environment[name] ?? '') !== '')
}
