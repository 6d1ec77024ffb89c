import { Argument, type Command } from 'commander'

import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { humanBytes, humanCount, humanTime, jsonTime } from '../../foundation/human.ts'
import { formatTable, type Column } from '../../foundation/table.ts'
import type { FileVersion } from '../../operations/browse/file-history.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { entryTime, jsonPath, writeJsonLine, type JsonObject } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { headingStyle } from '../output/terminal.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface HistoryFlags {
  readonly follow: boolean
  readonly host?: string
}

export function defineHistory(command: Command, run: RunAction): void {
  command
    .addArgument(
      new Argument('<file>', 'the path in the snapshots, or the absolute path that it had'),
    )
    .option('--no-follow', 'stop where the file had another name')
    .option('-H, --host <name>', 'only snapshots of this host')
  addExamples(command, [
    ['holdfast history config.yml', 'show when this file changed'],
    ['holdfast history --no-follow data/index/a.faiss', 'leave out what it was called before'],
    ['holdfast dump 1a2b3c4d:config.yml', 'print one of the versions'],
  ])
  command.action((path: string, flags: HistoryFlags) =>
    run(command, (session) => history(session, path, flags)),
  )
}

async function history(
  session: Session,
  argument: string,
  { follow, host }: HistoryFlags,
): Promise<ExitStatus> {
  const { terminal } = session
  const path = session.rawArgument(argument)
  const versions = await session.withRepository((library, repository) =>
    library.fileHistory(repository, path, {
      follow,
      ...(host !== undefined && { hostname: host }),
    }),
  )
  if (session.isJson) {
    for (const version of versions) writeJsonLine(terminal, versionJson(version))
    return exitStatus.done
  }
  const style = { width: undefined, heading: headingStyle(terminal) }
  terminal.writeOutput(formatTable(columns, versions.map(toRow), style))
  return exitStatus.done
}

const columns: readonly Column[] = [
  { title: 'First in' },
  { title: 'Saved' },
  { title: 'Snapshots', align: 'right' },
  { title: 'Size', align: 'right' },
  { title: 'Modified' },
  { title: 'Path' },
]

function toRow({ path, size, mtimeSeconds, snapshots, isRename }: FileVersion): string[] {
  const first = snapshots[snapshots.length - 1]
  return [
    shortId(first.id),
    humanTime(first.startedAtMs),
    humanCount(snapshots.length),
    humanBytes(size),
    humanTime(mtimeSeconds * 1000),
    escapeBytes(path) + (isRename ? ' (renamed)' : ''),
  ]
}

function versionJson(version: FileVersion): JsonObject {
  const { path, kind, size, contentId, snapshots, isRename } = version
  const first = snapshots[snapshots.length - 1]
  return {
    message_type: 'version',
    snapshot_id: first.id,
    backup_id: first.backupId,
    at: jsonTime(first.startedAtMs),
    ...jsonPath('path', path),
    kind,
    size,
    modified_at: entryTime(version),
    content_id: contentId,
    is_rename: isRename,
    snapshots: snapshots.length,
    snapshot_ids: snapshots.map(({ id }) => id),
  }
}
