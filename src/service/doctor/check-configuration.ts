import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import type { Configuration } from '../../config/load-config.ts'
import { splitWords } from '../../config/split-words.ts'
import { HoldfastError } from '../../foundation/errors.ts'
import { errorText } from '../error-text.ts'
import { readCronTimes } from '../schedule/cron-times.ts'
import { checkPrivate, checkWritableByOthers } from './check-machine.ts'
import { fine, problem, warning, type Finding } from './finding.ts'

export async function checkConfiguration(
  configuration: Configuration | undefined,
): Promise<Finding[]> {
  if (configuration === undefined) {
    const message = 'there is no config.yml here or in a parent folder'
    return [warning('configuration', message, 'Write one, or name it with --config')]
  }
  const { file, backup, settings } = configuration
  const findings = [
    fine('configuration', `${file} is valid`),
    checkWritableByOthers('the configuration', file),
    await checkCron(configuration),
    ...checkHooks(configuration),
  ]
  const { server } = settings
  for (const { passphraseFile } of [settings, ...settings.alsoTo]) {
    if (passphraseFile !== undefined) {
      findings.push(checkPrivate('the passphrase file', passphraseFile))
    }
  }
  const { cacert, s3, alsoTo } = settings
  for (const account of [s3, ...alsoTo.map((other) => other.s3)]) {
    if (account?.secretAccessKeyFile !== undefined) {
      findings.push(checkPrivate('the secret key file', account.secretAccessKeyFile))
    }
  }
  if (cacert !== undefined && !existsSync(cacert)) {
    const message = `the certificates are not found: ${cacert}`
    findings.push(problem('configuration', message, `Correct holdfast.cacert in ${file}`))
  }
  for (const token of [server.tokenFile, server.readOnlyTokenFile, server.certificateKeyFile]) {
    // The server makes its token when it is started first.
    if (token !== undefined && existsSync(token)) findings.push(checkPrivate('the secret', token))
  }
  if (backup === undefined) {
    const message = `${file} has no section api.backup`
    findings.push(warning('configuration', message, `Add the section api.backup to ${file}`))
  } else findings.push(...checkPaths(configuration, backup.paths))
  if (backup?.enabled === false) {
    const message = 'backups are switched off (api.backup.enabled: false)'
    findings.push(warning('configuration', message, `Set api.backup.enabled to true in ${file}`))
  }
  return findings
}

async function checkCron({ file, settings }: Configuration): Promise<Finding> {
  try {
    await readCronTimes(settings.schedule)
    return fine('schedule', 'the cron expressions are valid')
  } catch (error) {
    const fix = error instanceof HoldfastError ? error.remedy : ''
    return problem('schedule', errorText(error), `${fix}, in ${file}`)
  }
}

function checkHooks({ file, settings }: Configuration): Finding[] {
  return (['before', 'after', 'failed'] as const).flatMap((moment) => {
    const command = settings.hooks[moment]
    if (command === undefined) return []
    const [program] = splitWords(command) ?? []
    if (program !== undefined && isFound(program)) {
      return [fine('hooks', `the program of the hook "${moment}" is there`)]
    }
    const message = `the program of the hook "${moment}" is not found: ${command}`
    return [problem('hooks', message, `Correct holdfast.hooks.${moment} in ${file}`)]
  })
}

function isFound(program: string): boolean {
  if (program.includes('/')) return existsSync(program)
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '')
  return folders.some((folder) => existsSync(`${folder}/${program}`))
}

function checkPaths(
  { folder, file }: Configuration,
  groups: Readonly<Partial<Record<string, readonly string[]>>>,
): Finding[] {
  const paths = Object.entries(groups).flatMap(([group, list]) =>
    (list ?? []).map((path) => ({ group, path: resolve(folder, path) })),
  )
  const missing = paths.filter(({ path }) => !existsSync(path))
  if (missing.length === 0) return [fine('paths', 'every configured path is there')]
  const isNone = missing.length === paths.length
  return missing.map(({ group, path }) => {
    const message = `the path of "${group}" is missing: ${path}`
    const fix = `mkdir -p ${path}, or correct api.backup.paths.${group} in ${file}`
    return isNone ? problem('paths', message, fix) : warning('paths', message, fix)
  })
}
