import { Option, type Command } from 'commander'

import { resolveBytes } from '../../foundation/byte-path.ts'
import {
  counted,
  humanBytes,
  humanCount,
  humanDuration,
  humanTime,
} from '../../foundation/human.ts'
import { escapeText } from '../../foundation/escape-bytes.ts'
import { formatTable } from '../../foundation/table.ts'
import type { BackupType, Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { CopiedSnapshot, CopyOptions, CopyResult, Library, VerifyResult } from '../library.ts'
import { collect, parseBackupType, splitTags } from '../option-values.ts'
import { reportDamage } from '../output/damage-report.ts'
import { jsonPath, writeJsonLine } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { headingStyle } from '../output/terminal.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import {
  addFromOptions,
  fromFlagsOf,
  withFromRepository,
  type FromFlags,
} from '../second-repository.ts'
import { matchesFilters } from '../select-snapshots.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface CopyFlags extends FromFlags {
  readonly fromRepo?: string
  readonly snapshot?: readonly string[]
  readonly host?: readonly string[]
  readonly tag?: readonly string[]
  readonly path?: readonly string[]
  readonly type?: BackupType
  readonly newer?: true
  readonly readAll?: true
  readonly verify?: true
  readonly dryRun?: true
}

export function defineCopy(command: Command, run: RunAction): void {
  command.argument('[snapshots...]', 'only these snapshots of the other repository')
  addFromOptions(command, 'copy from this repository (else HOLDFAST_FROM_REPOSITORY)')
  command
    .option('-s, --snapshot <snapshot>', 'only this snapshot; repeatable', collect)
    .option('-H, --host <name>', 'only snapshots of this host; repeat for "or"', collect)
    .option('--tag <tags>', 'only snapshots with all of these tags (a,b); repeat for "or"', collect)
    .option('--path <path>', 'only snapshots of this path; repeat for "and"', collect)
    .addOption(
      new Option('--type <type>', 'only snapshots of this type').argParser(parseBackupType),
    )
    .option('--newer', 'only what is newer than the newest of the same host and paths here')
    .option('--read-all', 'trust nothing that is here already: read every file')
    .option('--verify', 'read the copies back and prove them at the end')
    .option('-n, --dry-run', 'say what would be copied and store nothing')
    .addHelpText(
      'after',
      '\nWhat is there already is left alone, so a copy that was interrupted is continued by copying again.\n' +
        'The exit status is 20 when something of a snapshot is lost in the other repository; all that are\nwhole are copied then.',
    )
  addExamples(command, [
    ['holdfast copy --from /srv/backup --repo /mnt/disk/backup', 'copy all that is not there yet'],
    ['holdfast copy --from /srv/backup --newer --verify', 'copy what is new, and prove it'],
    ['holdfast copy --from /mnt/disk/backup latest', 'bring the newest snapshot back'],
  ])
  command.action((names: string[], flags: CopyFlags) =>
    run(command, (session) => copy(session, names, flags)),
  )
}

async function copy(
  session: Session,
  given: readonly string[],
  flags: CopyFlags,
): Promise<ExitStatus> {
  const names = [...given, ...(flags.snapshot ?? [])]
  const filters = filtersOf(session, flags)
  if (names.length > 0 && filters.isGiven) {
    throw usageError('Cannot use both snapshots and a choice of them', 'Give one of the two')
  }
  return await session.withRepository(
    (library, target) =>
      withFromRepository(session, library, fromFlagsOf(flags), async (source) => {
        const snapshots =
          names.length === 0 ? undefined : await resolveSnapshots(library, source, names)
        const result = await session.follow('copy', (options) =>
          library.copySnapshots(target, source, {
            ...options,
            ...(snapshots ? { snapshots } : { isSelected: filters.isSelected }),
            newerOnly: flags.newer === true,
            readAll: flags.readAll === true,
            dryRun: flags.dryRun === true,
          }),
        )
        const verified =
          flags.verify === true && flags.dryRun !== true
            ? await verifyCopies(session, library, target, result)
            : undefined
        report(session, result, { isDryRun: flags.dryRun === true, verified })
        const isDamaged = result.snapshots.some(({ outcome }) => outcome === 'damaged')
        return isDamaged || (verified?.damaged.length ?? 0) > 0
          ? exitStatus.damaged
          : exitStatus.done
      }),
    'copy',
  )
}

function filtersOf(
  { workingFolder, rawArgument }: Session,
  { host, tag, path, type }: CopyFlags,
): { readonly isGiven: boolean; readonly isSelected: NonNullable<CopyOptions['isSelected']> } {
  const filters = {
    type,
    hosts: host ?? [],
    tags: (tag ?? []).map(splitTags),
    paths: (path ?? []).map((one) => resolveBytes(workingFolder, rawArgument(one))),
  }
  return {
    isGiven: (host ?? tag ?? path ?? type) !== undefined,
    isSelected: (snapshot) => matchesFilters(snapshot, filters),
  }
}

/** Also of those that were there already: whoever asks wants to know of all that was named. */
async function verifyCopies(
  session: Session,
  library: Library,
  target: Repository,
  { snapshots }: CopyResult,
): Promise<VerifyResult | undefined> {
  const saved = snapshots
    .map((copied) => copied.saved)
    .filter((one): one is Snapshot => one !== null)
  if (saved.length === 0) return undefined
  const result = await session.follow('verify', (options) =>
    library.verify(target, { ...options, snapshots: saved }),
  )
  reportDamage(session, result.damaged)
  return result
}

interface Ending {
  readonly isDryRun: boolean
  readonly verified: VerifyResult | undefined
}

function report(session: Session, result: CopyResult, ending: Ending): void {
  if (session.isJson) writeJson(session, result, ending)
  else session.say(text(session, result, ending))
}

function writeJson(
  { terminal }: Session,
  result: CopyResult,
  { isDryRun, verified }: Ending,
): void {
  for (const copied of result.snapshots) {
    for (const { path, message } of copied.lost) {
      writeJsonLine(terminal, {
        message_type: 'lost',
        snapshot_id: copied.sourceId,
        ...jsonPath('path', path),
        message,
      })
    }
    writeJsonLine(terminal, {
      message_type: 'copy',
      source_id: copied.sourceId,
      snapshot_id: copied.saved?.id ?? null,
      backup_id: copied.saved?.backupId ?? copied.backupId,
      outcome: copied.outcome.replace(' ', '_'),
      files_read: copied.filesRead,
      bytes_read: copied.bytesRead,
      data_added_packed: copied.storedBytesAdded,
      lost: copied.lostCount,
    })
  }
  writeJsonLine(terminal, {
    message_type: 'summary',
    dry_run: isDryRun,
    ...countsOf(result),
    ...sumsOf(result),
    ...(verified && { verified: verified.damaged.length === 0 }),
    total_duration: result.durationMs / 1000,
  })
}

function countsOf({ snapshots }: CopyResult): Record<string, number> {
  const count = (outcome: CopiedSnapshot['outcome']): number =>
    snapshots.filter((copied) => copied.outcome === outcome).length
  return {
    copied: count('copied'),
    present: count('present'),
    passed_over: count('passed over'),
    damaged: count('damaged'),
  }
}

function sumsOf({ snapshots }: CopyResult): { bytes_read: number; data_added_packed: number } {
  const sum = (of: (copied: CopiedSnapshot) => number): number =>
    snapshots.reduce((total, copied) => total + of(copied), 0)
  return {
    bytes_read: sum(({ bytesRead }) => bytesRead),
    data_added_packed: sum(({ storedBytesAdded }) => storedBytesAdded),
  }
}

function text({ terminal }: Session, result: CopyResult, ending: Ending): string {
  const columns = [
    { title: 'From' },
    { title: 'Time' },
    { title: 'Host', dropOrder: 1 },
    { title: 'Size', align: 'right' as const, dropOrder: 2 },
    { title: 'Outcome' },
    { title: 'Here' },
  ]
  const rows = result.snapshots.map((copied) => [
    shortId(copied.sourceId),
    humanTime(copied.startedAtMs),
    escapeText(copied.hostname),
    humanBytes(copied.statistics.bytes),
    outcomeWord(copied, ending.isDryRun),
    copied.saved ? shortId(copied.saved.id) : '-',
  ])
  const style = { width: terminal.outputColumns, heading: headingStyle(terminal) }
  const table = rows.length > 0 ? formatTable(columns, rows, style) : ''
  return `${table}${conclusion(result, ending)}\n`
}

function outcomeWord({ outcome, lostCount }: CopiedSnapshot, isDryRun: boolean): string {
  if (outcome === 'damaged') return `damaged, ${counted(lostCount, 'path')} lost`
  return outcome === 'copied' && isDryRun ? 'would be copied' : outcome
}

function conclusion(result: CopyResult, { isDryRun, verified }: Ending): string {
  const counts = countsOf(result)
  const { bytes_read: bytesRead, data_added_packed: added } = sumsOf(result)
  const others = [
    `${humanCount(counts['present'])} there already`,
    ...(counts['passed_over'] > 0 ? [`${humanCount(counts['passed_over'])} passed over`] : []),
    ...(counts['damaged'] > 0 ? [`${humanCount(counts['damaged'])} damaged and not copied`] : []),
  ].join(', ')
  const copied = counted(counts['copied'], 'snapshot')
  if (isDryRun) return `Would copy ${copied}, ${others}`
  const proof =
    verified === undefined
      ? 'each chunk was checked where it was read and proved before it was stored'
      : verified.damaged.length === 0
        ? 'all copies were read back and are intact'
        : 'damage was found in the copies'
  return (
    `Copied ${copied} in ${humanDuration(result.durationMs)}, ${others}\n` +
    `Read ${humanBytes(bytesRead)}, added ${humanBytes(added)}; ${proof}`
  )
}
