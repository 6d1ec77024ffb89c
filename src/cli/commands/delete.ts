import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import type { BackupRecord } from '../../model/backup-record.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import { deleteBackup, deleteFailedRun } from '../../service/delete-backup.ts'
import type { ServiceContext } from '../../service/service-context.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import { counted, humanBytes, humanTime } from '../../foundation/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { undeleteHint } from '../output/undelete-hint.ts'
import { resolveBackups, type NamedBackups } from '../resolve-backups.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface DeleteFlags {
  readonly yes?: true
}

export function defineDelete(command: Command, run: RunAction): void {
  command
    .argument('<snapshots...>', 'the snapshots, or the backup_<seconds> of runs that failed')
    .option('-y, --yes', 'do not ask; needed where there is no terminal')
    .addHelpText(
      'after',
      '\n`holdfast undelete` brings them back for 7 days; then `holdfast prune` frees the space.' +
        '\nThe record of a failed run goes for good.',
    )
  addExamples(command, [
    ['holdfast delete 1a2b3c4d', 'delete one snapshot after asking'],
    ['holdfast delete --yes backup_1790000000 latest~3', 'delete two snapshots from a script'],
  ])
  command.action((names: string[], flags: DeleteFlags) =>
    run(command, (session) => deleteNamed(session, names, flags)),
  )
}

async function deleteNamed(
  session: Session,
  names: readonly string[],
  { yes }: DeleteFlags,
): Promise<ExitStatus> {
  const { terminal } = session
  const configuration = await configurationInUse(session)
  const { snapshots, failedRuns } = await session.freeingSpace(async (library, repository) => {
    const found = await resolveBackups(library, repository, names)
    if (yes !== true) {
      const lines = [...found.snapshots.map(snapshotLine), ...found.failedRuns.map(failedRunLine)]
      if (!session.isJson) terminal.writeError(lines.join(''))
      await session.confirm(`Delete ${countText(found)}?`)
    }
    await followService(session, 'delete', { library, repository, configuration }, (context) =>
      deleteAll(context, found),
    )
    return found
  })
  if (session.isJson) {
    writeJsonLine(terminal, {
      message_type: 'deleted',
      snapshots: [
        ...snapshots.map(({ id, backupId }) => ({ id, backup_id: backupId })),
        ...failedRuns.map((run) => ({ id: null, backup_id: run.backup_id })),
      ],
    })
  }
  const deleted = [
    ...snapshots.map(({ id }) => shortId(id)),
    ...failedRuns.map((run) => escapeText(run.backup_id)),
  ]
  session.say(`Deleted ${deleted.join(' ')}\n`)
  if (snapshots.length > 0) {
    session.say(undeleteHint(snapshots.length))
  }
  return exitStatus.done
}

async function deleteAll(
  context: ServiceContext,
  { snapshots, failedRuns }: NamedBackups,
): Promise<void> {
  if (snapshots.length > 0) await deleteBackup(context, snapshots)
  for (const run of failedRuns) await deleteFailedRun(context, run.backup_id)
}

function countText({ snapshots, failedRuns }: NamedBackups): string {
  const parts: string[] = []
  if (snapshots.length > 0) parts.push(counted(snapshots.length, 'snapshot'))
  if (failedRuns.length > 0)
    parts.push(`the record of ${counted(failedRuns.length, 'failed run')} for good`)
  return parts.join(' and ')
}

function snapshotLine({ id, backupId, startedAtMs, type, statistics }: Snapshot): string {
  const cells = [shortId(id), escapeText(backupId), humanTime(startedAtMs), type]
  return `  ${cells.join('  ')}  ${humanBytes(statistics.bytes)}\n`
}

function failedRunLine({ backup_id, created_at, backup_type, description }: BackupRecord): string {
  const cells = ['-', escapeText(backup_id), humanTime(created_at * 1000), backup_type]
  return `  ${cells.join('  ')}  ${escapeText(description)}\n`
}
