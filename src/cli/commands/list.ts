import type { Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import type { BackupType } from '../../model/snapshot.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { ListedSnapshot, SnapshotFilters } from '../library.ts'
import { collect, parseBackupType, splitTags } from '../option-values.ts'
import { humanBytes, humanCount, humanTime } from '../output/human.ts'
import { writeJsonLine } from '../output/json.ts'
import { listedSnapshotJson, shortId, statusWord } from '../output/snapshot-json.ts'
import { formatTable, type Column } from '../output/table.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface ListFlags {
  readonly type?: BackupType
  readonly tag?: readonly string[]
  readonly host?: readonly string[]
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
  addExamples(command, [
    ['holdfast list', 'show all snapshots, the newest last'],
    ['holdfast list --type full', 'show the full backups'],
    ['holdfast list | grep verified', 'show what was proved intact'],
    ['holdfast list --json', 'print one JSON array'],
  ])
  command.action((flags: ListFlags) => run(command, (session) => list(session, flags)))
}

async function list(session: Session, { type, tag, host }: ListFlags): Promise<ExitStatus> {
  const { terminal } = session
  const filters: SnapshotFilters = {
    ...(type !== undefined && { type }),
    tags: (tag ?? []).map(splitTags),
    hosts: host ?? [],
  }
  const snapshots = await session.withRepository(async (library, repository) =>
    library.listSnapshots(repository, filters),
  )
  if (session.isJson) writeJsonLine(terminal, snapshots.map(listedSnapshotJson))
  else if (snapshots.length > 0) {
    const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
    terminal.writeOutput(formatTable(columns, snapshots.map(toRow), style))
  }
  if (snapshots.length === 0) session.say('No snapshots\n')
  return exitStatus.done
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
