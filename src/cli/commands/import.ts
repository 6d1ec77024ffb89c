import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { counted, humanBytes, humanTime, jsonTime } from '../../foundation/human.ts'
import { formatTable } from '../../foundation/table.ts'
import { importBackups } from '../../service/import-backups.ts'
import { findArchivePlaces, findHistory, type ArchivePlaces } from '../archive-places.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { ImportedArchive, ImportResult } from '../archive-library.ts'
import { parsePositive, parseSize, parseText } from '../option-values.ts'
import { writeJsonLine } from '../output/json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ImportFlags {
  /** False with `--no-history`. */
  readonly history?: string | boolean
  readonly base?: string
  readonly dryRun?: true
  readonly maxSize?: number
  readonly maxEntries?: number
}

export function defineImport(command: Command, run: RunAction): void {
  command
    .argument('<archives...>', 'archives (.tar.gz, .tgz, .tar), and directories of them')
    .option(
      '--history <file>',
      'the history that tells of them; default: the one beside',
      parseText,
    )
    .option('--no-history', 'go by the archives alone')
    .option('--base <dir>', 'where a restore without --target brings their files', parseText)
    .option('-n, --dry-run', 'read and check everything, and store nothing')
    .option('--max-size <size>', 'refuse an archive that unpacks to more', parseSize)
    .option('--max-entries <number>', 'refuse an archive with more members', parsePositive)
    .addHelpText(
      'after',
      '\nWhat is there already is left alone. The exit status is 3 when an archive was refused.',
    )
  addExamples(command, [
    ['holdfast import backups/', 'bring in all archives, with logs/backup_history.jsonl'],
    ['holdfast import --dry-run backups/backup_1790000000.tar.gz', 'see whether it is intact'],
  ])
  command.action((paths: string[], flags: ImportFlags) =>
    run(command, (session) => importNamed(session, paths, flags)),
  )
}

async function importNamed(
  session: Session,
  given: readonly string[],
  flags: ImportFlags,
): Promise<ExitStatus> {
  const { workingFolder } = session
  const places = await findArchivePlaces(session)
  const paths = given.map((path) => resolve(workingFolder, path))
  const historyFile = chooseHistory(session, paths, { flags, places })
  const configuration = await configurationInUse(session)
  const result = await session.withRepository((library, repository) =>
    followService(session, 'import', { library, repository, configuration }, (context) =>
      importBackups(context, {
        paths,
        ...(historyFile !== undefined && { historyFile }),
        base: flags.base === undefined ? places.project : resolve(workingFolder, flags.base),
        dryRun: flags.dryRun === true,
        ...(flags.maxSize !== undefined && { bytesMax: flags.maxSize }),
        ...(flags.maxEntries !== undefined && { entriesMax: flags.maxEntries }),
      }),
    ),
  )
  if (session.isJson) writeJson(session, result)
  else tell(session, result, flags.dryRun === true)
  return result.archives.some(({ outcome }) => outcome === 'refused')
    ? exitStatus.incomplete
    : exitStatus.done
}

function chooseHistory(
  session: Session,
  paths: readonly string[],
  { flags, places }: { readonly flags: ImportFlags; readonly places: ArchivePlaces },
): string | undefined {
  const { history } = flags
  if (history === false) return undefined
  if (typeof history === 'string') return resolve(session.workingFolder, history)
  const [first] = paths
  const isFolder = statSync(first, { throwIfNoEntry: false })?.isDirectory() === true
  return findHistory(isFolder ? first : dirname(first), places)
}

function writeJson({ terminal }: Session, result: ImportResult): void {
  for (const archive of result.archives) {
    writeJsonLine(terminal, {
      message_type: 'import',
      archive: archive.archive,
      outcome: archive.outcome.replace(' ', '_'),
      backup_id: archive.backupId,
      snapshot_id: archive.snapshotId,
      backup_type: archive.type,
      started_at: archive.startedAtMs === null ? null : jsonTime(archive.startedAtMs),
      files: archive.files,
      bytes: archive.bytes,
      verified: archive.isVerified,
      message: archive.message,
    })
  }
  writeJsonLine(terminal, {
    message_type: 'summary',
    ...countsOf(result),
    failures_recorded: result.failuresRecorded,
    expired: result.expired,
    missing: result.missing,
    broken_lines: result.brokenLines,
    total_duration: result.durationMs / 1000,
  })
}

function countsOf({ archives }: ImportResult): Record<string, number> {
  const count = (outcome: ImportedArchive['outcome']): number =>
    archives.filter((archive) => archive.outcome === outcome).length
  return {
    imported: count('imported'),
    present: count('present'),
    refused: count('refused'),
    failed_runs: count('failed run'),
  }
}

function tell(session: Session, result: ImportResult, isDryRun: boolean): void {
  const { terminal } = session
  const rows = result.archives.map((archive) => [
    escapeText(archive.backupId ?? '-'),
    archive.startedAtMs === null ? '' : humanTime(archive.startedAtMs),
    archive.type ?? '',
    outcomeWord(archive, isDryRun),
    archive.outcome === 'imported' ? humanBytes(archive.bytes) : '',
    escapeText(archive.message === '' ? archive.archive : archive.message),
  ])
  const columns = [
    { title: 'Backup' },
    { title: 'Time', dropOrder: 2 },
    { title: 'Type', dropOrder: 1 },
    { title: 'Outcome' },
    { title: 'Size', align: 'right' as const, dropOrder: 3 },
    { title: 'Archive' },
  ]
  if (rows.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    session.say(formatTable(columns, rows, style))
  }
  session.say(summaryText(result, isDryRun))
}

function outcomeWord({ outcome, isVerified }: ImportedArchive, isDryRun: boolean): string {
  if (outcome !== 'imported') return outcome
  return (isDryRun ? 'intact' : outcome) + (isVerified ? ', verified' : '')
}

function summaryText(result: ImportResult, isDryRun: boolean): string {
  const { imported, present, refused } = countsOf(result)
  const verb = isDryRun ? 'Would import' : 'Imported'
  const lines = [
    `${verb} ${counted(imported, 'archive')}, ${present} there already, ${refused} refused`,
  ]
  const { failuresRecorded, expired, missing, brokenLines } = result
  if (failuresRecorded > 0) lines.push(`${counted(failuresRecorded, 'failed run')} put on record`)
  if (expired > 0)
    lines.push(
      `${counted(expired, 'backup')} of the history ${expired === 1 ? 'was' : 'were'} deleted before`,
    )
  if (missing.length > 0) {
    lines.push(`without an archive: ${missing.slice(0, 10).map(escapeText).join(' ')}`)
  }
  if (brokenLines.length > 0) {
    lines.push(`lines of the history that cannot be read: ${brokenLines.slice(0, 10).join(', ')}`)
  }
  return `${lines.join('\n')}\n`
}
