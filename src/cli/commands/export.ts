import { resolve } from 'node:path'
import type { Command } from 'commander'

import { HoldfastError } from '../../foundation/errors.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { counted, humanBytes, humanDuration } from '../../foundation/human.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { exportBackup } from '../../service/export-backup.ts'
import { findArchivePlaces, historyIn } from '../archive-places.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { exitStatus, exitStatusOf, type ExitStatus } from '../exit-status.ts'
import type { ExportResult } from '../archive-library.ts'
import type { Library } from '../library.ts'
import { parseLevel, parseText } from '../option-values.ts'
import { writeJsonLine } from '../output/json.ts'
import type { Repository } from '../../repository/repository.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ExportFlags {
  readonly all?: true
  readonly output?: string
  /** False with `--no-history`. */
  readonly history?: string | boolean
  readonly overwrite?: true
  readonly level?: number
}

export function defineExport(command: Command, run: RunAction): void {
  command
    .argument('[snapshots...]', 'the snapshots')
    .option('--all', 'export every snapshot that is not exported yet')
    .option('-o, --output <dir>', 'write the archives to DIR instead of backups/', parseText)
    .option('--history <file>', 'add the lines to this history', parseText)
    .option('--no-history', 'write no line into the history')
    .option('--overwrite', 'replace another archive that has the name already')
    .option('--level <number>', 'compress from 1 (fast) to 9 (small); default 5', parseLevel)
    .addHelpText(
      'after',
      '\nAn archive is backup_<seconds>.tar.gz, for any tar. One that is there and unchanged is left alone.',
    )
  addExamples(command, [
    ['holdfast export latest', 'write the newest snapshot to backups/'],
    ['holdfast export --all --output /mnt/usb', 'write whatever is not there yet to another disk'],
  ])
  command.action((names: string[], flags: ExportFlags) =>
    run(command, (session) => exportNamed(session, names, flags)),
  )
}

async function exportNamed(
  session: Session,
  names: readonly string[],
  flags: ExportFlags,
): Promise<ExitStatus> {
  if (flags.all === true && names.length > 0) {
    throw usageError('Cannot export both --all and named snapshots', 'Name snapshots or give --all')
  }
  if (flags.all !== true && names.length === 0) {
    throw usageError(
      'Cannot export: no snapshot is named',
      'Name a snapshot, for example `latest`, or give --all',
    )
  }
  return session.withRepository(async (library, repository) => {
    const snapshots =
      flags.all === true
        ? await everySnapshot(library, repository)
        : await resolveSnapshots(library, repository, names)
    return exportAll(session, { library, repository, snapshots, flags })
  })
}

async function everySnapshot(library: Library, repository: Repository): Promise<Snapshot[]> {
  const listed = await library.listSnapshots(repository, { tags: [], hosts: [] })
  const snapshots: Snapshot[] = []
  for (const { id } of listed) snapshots.push(await library.resolveSnapshot(repository, id))
  return snapshots
}

interface Exporting {
  readonly library: Library
  readonly repository: Repository
  readonly snapshots: readonly Snapshot[]
  readonly flags: ExportFlags
}

/** What is wrong with one snapshot or its archive does not keep the others from being exported. */
async function exportAll(session: Session, exporting: Exporting): Promise<ExitStatus> {
  const { library, repository, snapshots, flags } = exporting
  const where = await placeOf(session, flags)
  const configuration = await configurationInUse(session)
  let status: ExitStatus = exitStatus.done
  for (const snapshot of snapshots) {
    try {
      const result = await followService(
        session,
        'export',
        { library, repository, configuration },
        (context) =>
          exportBackup(context, snapshot, {
            ...where,
            overwrite: flags.overwrite === true,
            ...(flags.level !== undefined && { level: flags.level }),
          }),
      )
      tell(session, snapshot, result)
    } catch (error) {
      if (snapshots.length === 1 || !isOfOne(error)) throw error
      status = status === exitStatus.done ? exitStatusOf(error.code) : status
      await session.follow('export', async ({ onEvent }) => {
        onEvent({ type: 'failure', message: `${snapshot.backupId}: ${error.message}` })
      })
    }
  }
  if (snapshots.length === 0) session.say('No snapshots\n')
  return status
}

function isOfOne(error: unknown): error is HoldfastError {
  const codes = ['OBJECT_DAMAGED', 'OBJECT_MISSING', 'TARGET_UNWRITABLE']
  return error instanceof HoldfastError && codes.includes(error.code)
}

async function placeOf(
  session: Session,
  { output, history }: ExportFlags,
): Promise<{ folder: string; historyFile?: string; projectFolder: string }> {
  const places = await findArchivePlaces(session)
  const folder = output === undefined ? places.folder : resolve(session.workingFolder, output)
  const projectFolder = places.project
  if (history === false) return { folder, projectFolder }
  // Without a project the working folder is none of its business when the archives go elsewhere.
  const usual =
    output !== undefined && !places.hasConfiguration ? historyIn(folder) : places.historyFile
  const historyFile = typeof history === 'string' ? resolve(session.workingFolder, history) : usual
  return { folder, historyFile, projectFolder }
}

function tell(session: Session, snapshot: Snapshot, result: ExportResult): void {
  const { outcome, archive, archiveBytes, checksum, files, bytes, durationMs } = result
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'exported',
      snapshot_id: snapshot.id,
      backup_id: snapshot.backupId,
      outcome,
      archive,
      archive_bytes: archiveBytes,
      checksum,
      files,
      bytes,
      total_duration: durationMs / 1000,
    })
  }
  const what = `${counted(files, 'file')}, ${humanBytes(bytes)}`
  session.say(
    outcome === 'present'
      ? `Already exported: ${escapeText(archive)}\n`
      : `Exported ${escapeText(archive)}: ${what} in ${humanBytes(archiveBytes)}, ${humanDuration(durationMs)}\n`,
  )
}
