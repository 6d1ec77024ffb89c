import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import type { Configuration } from '../config/load-config.ts'
import { isInside } from '../foundation/byte-path.ts'
import type { AccessFields } from '../repository/record-access.ts'
import { errorText } from './error-text.ts'
import { operationsOf, tellNotice, type ServiceContext } from './service-context.ts'

/**
 * Writes down who did what: durably in the repository, and as a line of `holdfast.access_log` where a configuration is in use. Never throws:
 * what was done stays done, so a record that cannot be written is a notice.
 */
export async function logAccess(
  context: ServiceContext,
  access: Omit<AccessFields, 'actor'>,
): Promise<void> {
  const fields: AccessFields = { ...access, actor: context.actor }
  try {
    const record = { kind: 'access' as const, ...fields, actor: { ...fields.actor } }
    await operationsOf(context).writeJournal(context.repository, record)
  } catch (error) {
    tellNotice(context, `The access could not be recorded in the journal: ${errorText(error)}`)
  }
  const { configuration } = context
  if (configuration === undefined) return
  try {
    appendAccessLine(configuration, fields, Date.now())
  } catch (error) {
    tellNotice(context, `The access log could not be written: ${errorText(error)}`)
  }
}

/** One write of one line, so that lines of several processes never mix. The file is for its owner alone. */
export function appendAccessLine(
  configuration: Configuration,
  { actor, count, ...fields }: AccessFields,
  atMs: number,
): void {
  const line = {
    at: new Date(atMs).toISOString(),
    ...fields,
    via: actor.via,
    user: actor.user,
    hostname: actor.hostname ?? null,
    address: actor.address ?? null,
    ...(count !== undefined && { count }),
  }
  const { accessLog } = configuration.settings
  makeFolder(configuration, dirname(accessLog))
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
  const descriptor = openSync(accessLog, flags, 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify(line)}\n`)
  } finally {
    closeSync(descriptor)
  }
}

/** A configured path that is missing has to be noticed by the next backup, and not be there again, empty. */
function makeFolder({ folder, backup }: Configuration, logFolder: string): void {
  const paths = Object.values(backup?.paths ?? {}).flat()
  const isConfigured = paths.some((path) =>
    isInside(Buffer.from(resolve(folder, path)), Buffer.from(logFolder)),
  )
  if (!isConfigured) mkdirSync(logFolder, { recursive: true })
}

/** Runs what is worth a record, and writes down how it ended. */
export async function withAccess<Result>(
  context: ServiceContext,
  access: Pick<AccessFields, 'action' | 'target'>,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result
  try {
    result = await work()
  } catch (error) {
    await logAccess(context, { ...access, result: 'failed', message: errorText(error) })
    throw error
  }
  await logAccess(context, { ...access, result: 'ok', message: '' })
  return result
}
