import { Argument, Option, type Command } from 'commander'

import type { Snapshot } from '../../model/snapshot.ts'
import { resolveBytes } from '../../foundation/byte-path.ts'
import { restoreBackup, type BackupRestored } from '../../service/restore-backup.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { configurationInUse, followService } from '../follow-service.ts'
import type { Overwrite, RestoreResult } from '../library.ts'
import { collect, parseText } from '../option-values.ts'
import { counted, humanBytes, humanCount, humanDuration } from '../../foundation/human.ts'
import { formatPairs } from '../../foundation/table.ts'
import { pathTextBytes, writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import type { Session } from '../session.ts'
import { parseSnapshotReference } from '../snapshot-reference.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface RestoreFlags {
  readonly target?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly overwrite: Overwrite
  readonly delete?: true
  readonly dryRun?: true
  /** False with `--no-verify`. */
  readonly verify: boolean
  readonly untrusted?: true
  readonly sync?: true
  readonly yes?: true
}

const overwriteChoices: readonly Overwrite[] = ['always', 'if-changed', 'if-newer', 'never']

export function defineRestore(command: Command, run: RunAction): void {
  command
    .addArgument(new Argument('<snapshot[:path]>', 'the snapshot, and a directory or file in it'))
    .option(
      '-t, --target <dir>',
      'restore below DIR instead of where the files came from',
      parseText,
    )
    .option('-i, --include <pattern>', 'restore only what matches; repeatable', collect)
    .option('-e, --exclude <pattern>', 'leave out what matches; repeatable', collect)
    .addOption(
      new Option(
        '--overwrite <when>',
        'replace files that are there already; equal content is never rewritten',
      )
        .choices(overwriteChoices)
        .default('always'),
    )
    .option('--delete', 'delete what the snapshot does not have from the restored directories')
    .option('-n, --dry-run', 'show what would be restored and write nothing')
    .option('--sync', 'end only when everything restored is on the disk')
    .option('--no-verify', 'restore what is left of a snapshot that was found damaged (asks)')
    .option(
      '--untrusted',
      'keep back owners, set-id bits, capabilities, ACLs and devices; needs --target',
    )
    .option('-y, --yes', 'do not ask; needed for --no-verify where there is no terminal')
  addExamples(command, [
    ['holdfast restore latest', 'bring everything back to where it came from'],
    ['holdfast restore latest:data/index --target /tmp/look', 'restore one directory elsewhere'],
    [
      'holdfast restore backup_1790000000 --include "*.yml" --dry-run',
      'show what would be restored',
    ],
  ])
  command.action((reference: string, flags: RestoreFlags) =>
    run(command, (session) => restore(session, reference, flags)),
  )
}

async function restore(
  session: Session,
  argument: string,
  flags: RestoreFlags,
): Promise<ExitStatus> {
  const { workingFolder, rawArgument } = session
  const { snapshot: name, path } = parseSnapshotReference(rawArgument(argument))
  if (!flags.verify && flags.yes !== true) {
    await session.confirm('Restore also a snapshot that was found damaged, as far as it is intact?')
  }
  const target =
    flags.target === undefined ? undefined : resolveBytes(workingFolder, rawArgument(flags.target))
  const dryRun = flags.dryRun === true
  const configuration = await configurationInUse(session)
  const { snapshot, result } = await session.withRepository(async (library, repository) => {
    const found = await library.resolveSnapshot(repository, name)
    if (flags.delete === true) refuseWideDelete(found, { path, target, flags })
    const run = { library, repository, configuration }
    const counts = await followService(session, 'restore', run, (context) =>
      restoreBackup(context, {
        snapshot: found,
        ...(path !== undefined && path.length > 0 && { path }),
        ...(target !== undefined && { target }),
        includes: flags.include ?? [],
        excludes: flags.exclude ?? [],
        overwrite: flags.overwrite,
        delete: flags.delete === true,
        dryRun,
        verify: flags.verify,
        untrusted: flags.untrusted === true,
        sync: flags.sync === true,
      }),
    )
    return { snapshot: found, result: counts }
  }, 'restore')
  writeSummary(session, { snapshot, result, dryRun })
  return result.errors > 0 ? exitStatus.failed : exitStatus.done
}

interface Place {
  readonly path: Buffer | undefined
  readonly target: Buffer | undefined
  readonly flags: RestoreFlags
}

/**
 * `--delete` on the root of the file system would remove everything that was never backed up. restic refuses it, too.
 *
 * Without a target that happens only where `/` itself was saved: a restore deletes nothing beside the saved paths.
 */
function refuseWideDelete(snapshot: Snapshot, { path, target, flags }: Place): void {
  if ((flags.include ?? []).length > 0) return
  const root = Buffer.from('/')
  const isPart = path !== undefined && path.length > 0
  const isWholeRoot = snapshot.paths.some((saved) => pathTextBytes(saved).equals(root))
  const isWide = target === undefined ? isWholeRoot && !isPart : target.equals(root)
  if (!isWide) return
  throw usageError(
    'Cannot restore with --delete to "/": everything that is not in the snapshot would be deleted',
    'Name a path in the snapshot (`SNAPSHOT:PATH`), another --target or an --include',
  )
}

interface Restored {
  readonly snapshot: Snapshot
  readonly result: BackupRestored
  readonly dryRun: boolean
}

function writeSummary(session: Session, { snapshot, result, dryRun }: Restored): void {
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      snapshot_id: snapshot.id,
      backup_id: snapshot.backupId,
      files_restored: result.filesRestored,
      files_unchanged: result.filesUnchanged,
      files_skipped: result.filesSkipped,
      files_deleted: result.filesDeleted,
      bytes_restored: result.bytesRestored,
      bytes_unchanged: result.bytesUnchanged,
      withheld: {
        owners: result.withheld.owner,
        set_id_bits: result.withheld.setIdBits,
        attributes: result.withheld.attributes,
        devices: result.withheld.devices,
      },
      error_count: result.errors,
      total_duration: result.durationMs / 1000,
      dry_run: dryRun,
      ...(result.restoreId !== null && { restore_id: result.restoreId }),
    })
  }
  const perSecond =
    result.durationMs > 0
      ? `, ${humanBytes((result.bytesRestored / result.durationMs) * 1000)}/s`
      : ''
  const pairs: [string, string][] = [
    ['restored', `${counted(result.filesRestored, 'file')}, ${humanBytes(result.bytesRestored)}`],
    [
      'unchanged',
      `${counted(result.filesUnchanged, 'file')}, ${humanBytes(result.bytesUnchanged)}`,
    ],
    ['took', `${humanDuration(result.durationMs)}${perSecond}`],
  ]
  if (result.filesSkipped > 0) pairs.push(['skipped', counted(result.filesSkipped, 'file')])
  if (result.filesDeleted > 0) pairs.push(['deleted', counted(result.filesDeleted, 'file')])
  const withheld = withheldText(result.withheld)
  if (withheld !== '') pairs.push(['withheld', withheld])
  if (result.errors > 0) pairs.push(['failed', humanCount(result.errors)])
  const title = dryRun ? 'Would restore snapshot' : 'Restored snapshot'
  session.say(`${title} ${shortId(snapshot.id)}\n${formatPairs(pairs, '  ')}`)
}

/** What the entries have in the snapshot and did not get; empty when that is nothing. */
function withheldText({
  owner,
  setIdBits,
  attributes,
  devices,
}: RestoreResult['withheld']): string {
  const parts = [
    [owner, 'owner'],
    [setIdBits, 'set-id bit'],
    [attributes, 'attribute'],
    [devices, 'device'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => counted(count, what))
    .join(', ')
}
