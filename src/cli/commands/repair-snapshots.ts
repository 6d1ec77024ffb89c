import type { Command } from 'commander'

import { escapeBytes } from '../../foundation/escape-bytes.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import type { LostPath, RepairSnapshotsResult, SnapshotRepair } from '../library.ts'
import { reportUnread } from '../output/damage-report.ts'
import { counted, humanBytes, humanDuration } from '../../foundation/human.ts'
import { jsonPath, writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface RepairSnapshotsFlags {
  readonly apply?: true
}

export function defineRepairSnapshots(repair: Command, run: RunAction): void {
  const command = repair
    .command('snapshots')
    .summary('replace snapshots by ones without what is lost')
    .description(
      'Replace snapshots of which files are lost by ones without these; the old ones can be brought back',
    )
    .argument('[snapshots...]', 'only these snapshots')
    .option('--apply', 'do it; without this option only say what would be done')
    .addHelpText(
      'after',
      '\nMake a new backup first: it stores again what is still in its source.\n' +
        'The exit status is 20 when there is something to repair and --apply is not given.',
    )
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast repair snapshots', 'name every file that is lost'],
    ['holdfast repair snapshots --apply', 'replace the snapshots that hold them'],
  ])
  command.action((names: string[], flags: RepairSnapshotsFlags) =>
    run(command, (session) => repairSnapshots(session, names, flags.apply === true)),
  )
}

async function repairSnapshots(
  session: Session,
  names: readonly string[],
  apply: boolean,
): Promise<ExitStatus> {
  const result = await session.withRepository(async (library, repository) => {
    const snapshots =
      names.length === 0 ? undefined : await resolveSnapshots(library, repository, names)
    return session.follow('repair', (options) =>
      library.repairSnapshots(repository, { ...options, apply, ...(snapshots && { snapshots }) }),
    )
  })
  reportUnread(session, result.unread, 'repair')
  if (session.isJson) writeJson(session, result)
  else session.say(text(result))
  if (result.repairs.length > 0 && !result.isApplied) return exitStatus.damaged
  return result.unread.length > 0 ? exitStatus.storageUnreachable : exitStatus.done
}

function writeJson({ terminal }: Session, result: RepairSnapshotsResult): void {
  for (const repair of result.repairs) {
    const { snapshotId, lostFiles, lostDirectories, replacement } = repair
    for (const { path, kind, bytes, entries } of repair.lost) {
      writeJsonLine(terminal, {
        message_type: 'lost',
        snapshot_id: snapshotId,
        kind,
        ...jsonPath('path', path),
        ...(bytes !== undefined && { size: bytes }),
        ...(entries !== undefined && { entries }),
      })
    }
    writeJsonLine(terminal, {
      message_type: 'snapshot',
      snapshot_id: snapshotId,
      backup_id: repair.backupId,
      object_damaged: repair.isObjectDamaged,
      lost_files: lostFiles,
      lost_directories: lostDirectories,
      replacement_id: replacement?.id ?? null,
    })
  }
  writeJsonLine(terminal, {
    message_type: 'summary',
    dry_run: !result.isApplied,
    snapshots: result.snapshots,
    snapshots_repaired: result.repairs.length,
    unread_objects: result.unread.length,
    total_duration: result.durationMs / 1000,
  })
}

function text(result: RepairSnapshotsResult): string {
  const { repairs, isApplied, snapshots, durationMs } = result
  const looked = `looked at ${counted(snapshots, 'snapshot')} in ${humanDuration(durationMs)}`
  if (repairs.length === 0) return `Nothing to repair: ${looked}\n`
  const lines = repairs.flatMap((repair) => [
    ...repair.lost.map((lost) => lostLine(repair, lost)),
    snapshotLine(repair, isApplied),
  ])
  lines.push(isApplied ? `Repaired: ${looked}` : `Nothing was changed: ${looked}; --apply does it`)
  return `${lines.join('\n')}\n`
}

function lostLine(
  { snapshotId }: SnapshotRepair,
  { path, kind, bytes, entries }: LostPath,
): string {
  const place = `${shortId(snapshotId)}:${escapeBytes(path)}`
  if (kind === 'file') return `lost: ${place} (${humanBytes(bytes ?? 0)})`
  const count = typeof entries === 'number' ? counted(entries, 'entry', 'entries') : 'entries'
  return `lost: ${place} (${count} of this directory)`
}

function snapshotLine(repair: SnapshotRepair, isApplied: boolean): string {
  const { snapshotId, backupId, isObjectDamaged, lostFiles, lostDirectories, replacement } = repair
  const name = `${shortId(snapshotId)} ${backupId ?? '(unknown)'}`
  const what = [
    ...(isObjectDamaged ? ['its object is damaged'] : []),
    ...(lostFiles > 0 ? [`${counted(lostFiles, 'file')} lost`] : []),
    ...(lostDirectories > 0
      ? [`parts of ${counted(lostDirectories, 'directory', 'directories')} lost`]
      : []),
  ].join(', ')
  if (!isApplied) return `${name}: ${what}`
  if (!replacement)
    return `${name}: ${what}; nothing of it can be read, it was moved to the forgotten ones`
  return `${name}: ${what}; replaced by ${shortId(replacement.id)} ${replacement.backupId}`
}
