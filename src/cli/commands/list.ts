import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import type { BackupRecord } from '../../model/backup-record.ts'
import type { BackupType } from '../../model/snapshot.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { ListedSnapshot, SnapshotFilters } from '../library.ts'
import { collect, parseBackupType, splitTags } from '../option-values.ts'
import { failedRunJson, failedRunRow, filterFailedRuns } from '../output/failed-runs.ts'
import { forgottenColumns, forgottenJson, forgottenRow } from '../output/forgotten-list.ts'
import { restoreColumns, restoreJson, restoreRow } from '../output/restore-list.ts'
import { humanBytes, humanCount, humanTime } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import { writeJsonLine } from '../output/json.ts'
import { listedSnapshotJson, shortId, statusWord } from '../output/snapshot-json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ListFlags {
  readonly type?: BackupType
  readonly tag?: readonly string[]
  readonly host?: readonly string[]
  readonly forgotten?: true
  readonly restores?: true
}

export function defineList(command: Command, run: RunAction): void {
  command
    .option(
      '--type <type>',
      'only snapshots of this type: full, incremental, index, cache, config',
      parseBackupType,
    )
    .option('--tag <tags>', 'only snapshots with all of these tags (a,b); repeat for "or"', collect)
    .option('-H, --host <name>', 'only snapshots of this host; repeat for "or"', collect)
    .option('--forgotten', 'what was forgotten and can be brought back with undelete')
    .option('--restores', 'the restores instead, with who did them')
  addExamples(command, [
    ['holdfast list', 'show all snapshots, the newest last'],
    ['holdfast list --type full', 'show the full backups'],
    ['holdfast list | grep verified', 'show what was proved intact'],
    ['holdfast list | grep failed', 'show the runs that made no backup, and why'],
    ['holdfast list --forgotten', 'show what can be brought back'],
    ['holdfast list --json', 'print one JSON array'],
  ])
  command.action((flags: ListFlags) =>
    run(command, (session) => {
      if (flags.restores === true) return listRestores(session, flags)
      return flags.forgotten === true ? listForgotten(session, flags) : list(session, flags)
    }),
  )
}

async function listRestores(session: Session, flags: ListFlags): Promise<ExitStatus> {
  if ((flags.type ?? flags.tag ?? flags.host ?? flags.forgotten) !== undefined) {
    throw usageError('Cannot filter the restores', 'Leave out the options beside --restores')
  }
  const { terminal } = session
  const { listRestores: read } = await import('../../service/list-restores.ts')
  const restores = await session.withRepository(async (_, repository) => read(repository), 'list')
  if (session.isJson) writeJsonLine(terminal, restores.map(restoreJson))
  else if (restores.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    terminal.writeOutput(formatTable(restoreColumns, restores.map(restoreRow), style))
  }
  if (restores.length === 0) session.say('No restores\n')
  return exitStatus.done
}

async function listForgotten(session: Session, flags: ListFlags): Promise<ExitStatus> {
  if ((flags.type ?? flags.tag ?? flags.host) !== undefined) {
    throw usageError('Cannot filter what was forgotten', 'Leave out the options beside --forgotten')
  }
  const { terminal } = session
  const forgotten = await session.withRepository(
    async (library, repository) => library.listForgotten(repository),
    'list',
  )
  if (session.isJson) writeJsonLine(terminal, forgotten.map(forgottenJson))
  else if (forgotten.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    const rows = forgotten.map((one) => forgottenRow(one, Date.now()))
    terminal.writeOutput(formatTable(forgottenColumns, rows, style))
  }
  if (forgotten.length === 0) session.say('Nothing was forgotten that could be brought back\n')
  return exitStatus.done
}

async function list(session: Session, { type, tag, host }: ListFlags): Promise<ExitStatus> {
  const { terminal } = session
  const filters: SnapshotFilters = {
    ...(type !== undefined && { type }),
    tags: (tag ?? []).map(splitTags),
    hosts: host ?? [],
  }
  const rows = await session.withRepository(
    async (library, repository) =>
      mergeRows(
        await library.listSnapshots(repository, filters),
        filterFailedRuns(await library.listBackups(repository), filters),
      ),
    'list',
  )
  if (session.isJson) {
    writeJsonLine(
      terminal,
      rows.map((row) => ('treeId' in row ? listedSnapshotJson(row) : failedRunJson(row))),
    )
  } else if (rows.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    const cells = rows.map((row) => ('treeId' in row ? toRow(row) : failedRunRow(row)))
    terminal.writeOutput(formatTable(columns, cells, style))
  }
  if (rows.length === 0) session.say('No snapshots\n')
  return exitStatus.done
}

function mergeRows(
  snapshots: readonly ListedSnapshot[],
  failed: readonly BackupRecord[],
): (ListedSnapshot | BackupRecord)[] {
  const startOf = (row: ListedSnapshot | BackupRecord): number =>
    'treeId' in row ? row.startedAtMs : row.created_at * 1000
  return [...snapshots, ...failed].sort((one, other) => startOf(one) - startOf(other))
}

const columns: readonly Column[] = [
  { title: 'ID' },
  { title: 'Backup', dropOrder: 4 },
  { title: 'Time' },
  { title: 'Type' },
  { title: 'Status' },
  { title: 'Host', dropOrder: 2 },
  { title: 'Files', align: 'right', dropOrder: 1 },
  { title: 'Size', align: 'right' },
  { title: 'Tags', dropOrder: 3 },
  { title: 'Description' },
]

function toRow(snapshot: ListedSnapshot): string[] {
  return [
    shortId(snapshot.id),
    escapeText(snapshot.backupId),
    humanTime(snapshot.startedAtMs),
    snapshot.type,
    statusWord(snapshot),
    escapeText(snapshot.hostname),
    humanCount(snapshot.statistics.files),
    humanBytes(snapshot.statistics.bytes),
    escapeText(snapshot.tags.join(',')),
    escapeText(snapshot.description),
  ]
}
