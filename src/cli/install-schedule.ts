import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import type { Configuration } from '../config/load-config.ts'
import { isAddress, resolveLocation } from '../config/resolve-location.ts'
import { HoldfastError } from '../foundation/errors.ts'
import {
  hasBlock,
  withBlock,
  withoutBlock,
  type ScheduledProgram,
} from '../service/install/crontab.ts'
import { readCrontab, requireTool } from '../service/install/run-tool.ts'
import { systemdUnits, unitBase } from '../service/install/systemd-units.ts'
import { hasEnvironmentKeys } from '../service/choose-storage.ts'
import { exitStatus, type ExitStatus } from './exit-status.ts'
import { writeJsonErrorLine, writeJsonLine } from './output/json.ts'
import { safeText } from './output/safe-text.ts'
import type { Session } from './session.ts'
import { usageError } from './usage-error.ts'

interface InstallFlags {
  readonly systemd?: true
  readonly user?: true
  readonly yes?: true
}

/** Shows what will be written, asks, and writes it. Doing it again changes nothing more. */
export async function installSchedule(
  session: Session,
  flags: InstallFlags,
  configuration: Configuration | undefined,
): Promise<ExitStatus> {
  const program = programOf(session, configuration)
  await tellOfKeys(session)
  return flags.systemd === true
    ? await installUnits(session, flags, program)
    : await installCrontab(session, flags, program)
}

export async function uninstallSchedule(
  session: Session,
  flags: InstallFlags,
  configuration: Configuration | undefined,
): Promise<ExitStatus> {
  const { file } = programOf(session, configuration)
  if (flags.systemd === true) return await uninstallUnits(session, flags, file)
  const crontab = readCrontab() ?? ''
  if (!hasBlock(crontab, file)) return tell(session, 'Nothing to take out of the crontab', false)
  await ask(session, flags, 'Take the entry of this configuration out of the crontab?')
  requireTool('crontab', ['-'], withoutBlock(crontab, file))
  return tell(session, 'Took the entry out of the crontab', true)
}

function programOf(session: Session, configuration: Configuration | undefined): ScheduledProgram {
  if (configuration === undefined) {
    throw usageError(
      'Cannot install a schedule: there is no config.yml here or in a parent folder',
      'Name it with --config',
    )
  }
  const { file, folder } = configuration
  const words = [process.execPath, realpathSync(process.argv[1] ?? ''), 'schedule', '--quiet']
  return { words: [...words, '--config', file, ...optionsOf(session)], folder, file }
}

/** What the command line says of the repository holds for the runs, too. */
function optionsOf({ globals, workingFolder }: Session): string[] {
  const { repo, cacheDir, cacert, limitUpload, limitDownload } = globals
  const at = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(workingFolder, path)
  const values = {
    '--repo': repo === undefined ? undefined : resolveLocation(repo, workingFolder),
    '--cache-dir': at(cacheDir),
    '--cacert': at(cacert),
    '--limit-upload': rateText(limitUpload),
    '--limit-download': rateText(limitDownload),
  }
  return Object.entries(values).flatMap(([option, value]) =>
    value === undefined ? [] : [option, value],
  )
}

/** What cron and systemd start has another environment than this shell. */
async function tellOfKeys(session: Session): Promise<void> {
  const { location } = await session.openOptions()
  if (!isAddress(location) || !hasEnvironmentKeys(session.environment)) return
  const message =
    'The runs will not have the keys that are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY here: put them into holdfast.s3 of config.yml, or into ~/.aws/credentials'
  if (session.isJson) {
    writeJsonErrorLine(session.terminal, { message_type: 'notice', message })
  } else session.terminal.writeError(`note: ${message}\n`)
}

function rateText(bytesPerSecond: number | undefined): string | undefined {
  if (bytesPerSecond === undefined) return undefined
  return bytesPerSecond === 0 ? '0' : `${bytesPerSecond}B`
}

async function installCrontab(
  session: Session,
  flags: InstallFlags,
  program: ScheduledProgram,
): Promise<ExitStatus> {
  const before = readCrontab()
  if (before === undefined) {
    throw new HoldfastError(
      'INTERNAL',
      'Cannot install a crontab entry: there is no crontab program',
      {
        remedy: 'Install cron, or use `holdfast schedule --install --systemd` or `holdfast daemon`',
      },
    )
  }
  const after = withBlock(before, program)
  if (after === before) return tell(session, 'The crontab has this entry already', false)
  show(session, 'The crontab of this user becomes', after)
  await ask(session, flags, 'Write this crontab?')
  requireTool('crontab', ['-'], after)
  return tell(session, 'Wrote the crontab', true)
}

async function installUnits(
  session: Session,
  flags: InstallFlags,
  program: ScheduledProgram,
): Promise<ExitStatus> {
  const folder = unitFolder(session, flags)
  const units = systemdUnits(program).map((unit) => ({ ...unit, path: join(folder, unit.name) }))
  const isThere = units.every(
    ({ path, text }) => existsSync(path) && readFileSync(path, 'utf8') === text,
  )
  if (isThere) return tell(session, 'The units are there already', false)
  for (const { path, text } of units) show(session, path, text)
  await ask(session, flags, 'Write these units and start the timer?')
  mkdirSync(folder, { recursive: true })
  for (const { path, text } of units) writeFileSync(path, text)
  const scope = flags.user === true ? ['--user'] : []
  try {
    requireTool('systemctl', [...scope, 'daemon-reload'])
    requireTool('systemctl', [...scope, 'enable', '--now', `${unitBase(program.file)}.timer`])
  } catch (error) {
    // Units that nothing started would look like a schedule, to the next installation and to `doctor`.
    for (const { path } of units) rmSync(path, { force: true })
    throw error
  }
  return tell(session, `Wrote and started ${unitBase(program.file)}.timer`, true)
}

async function uninstallUnits(
  session: Session,
  flags: InstallFlags,
  file: string,
): Promise<ExitStatus> {
  const folder = unitFolder(session, flags)
  const base = unitBase(file)
  const paths = ['timer', 'service'].map((kind) => join(folder, `${base}.${kind}`))
  if (!paths.some((path) => existsSync(path))) return tell(session, 'There are no units', false)
  await ask(session, flags, `Stop and remove ${base}.timer and its service?`)
  const scope = flags.user === true ? ['--user'] : []
  requireTool('systemctl', [...scope, 'disable', '--now', `${base}.timer`])
  for (const path of paths) rmSync(path, { force: true })
  requireTool('systemctl', [...scope, 'daemon-reload'])
  return tell(session, `Removed ${base}.timer and its service`, true)
}

function unitFolder({ environment }: Session, { user }: InstallFlags): string {
  if (user !== true) return '/etc/systemd/system'
  const configured = environment['XDG_CONFIG_HOME'] ?? ''
  return join(configured === '' ? join(homedir(), '.config') : configured, 'systemd/user')
}

function show(session: Session, title: string, text: string): void {
  if (session.isJson) return
  session.terminal.writeError(`${safeText(title)}:\n\n${text.replace(/^/gm, '  ').trimEnd()}\n\n`)
}

async function ask(session: Session, { yes }: InstallFlags, question: string): Promise<void> {
  if (yes !== true) await session.confirm(question)
}

function tell(session: Session, message: string, changed: boolean): ExitStatus {
  if (session.isJson) {
    writeJsonLine(session.terminal, { message_type: 'schedule_install', message, changed })
  }
  session.say(`${message}\n`)
  return exitStatus.done
}
