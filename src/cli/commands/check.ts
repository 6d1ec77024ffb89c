import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import type { CheckResult, ReadSubset } from '../library.ts'
import { parseReadSubset } from '../option-values.ts'
import { reportDamage, reportUnread } from '../output/damage-report.ts'
import { counted, humanBytes, humanDuration, humanTime, jsonTime } from '../../foundation/human.ts'
import { writeJsonErrorLine, writeJsonLine } from '../output/json.ts'
import { safeText } from '../output/safe-text.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface CheckFlags {
  readonly readData?: true
  readonly readDataSubset?: ReadSubset
}

export function defineCheck(command: Command, run: RunAction): void {
  command
    .option('--read-data', 'read every pack whole, open it and hash every blob')
    .option(
      '--read-data-subset <part>',
      'read a part of the packs: 5% or 10G (those not read for longest), or 1/7',
      parseReadSubset,
    )
    .addHelpText(
      'after',
      '\nThe exit status is 20 when something is damaged, and 21 when objects could not be read.',
    )
  addExamples(command, [
    ['holdfast check', 'check the structure of the whole repository'],
    ['holdfast check --read-data-subset 5%', 'and read the packs that were not read for longest'],
    ['holdfast check --read-data', 'and read everything'],
  ])
  command.action((flags: CheckFlags) => run(command, (session) => check(session, flags)))
}

async function check(session: Session, flags: CheckFlags): Promise<ExitStatus> {
  if (flags.readData === true && flags.readDataSubset) {
    throw usageError(
      'Cannot check with both --read-data and --read-data-subset',
      'Give one of the two',
    )
  }
  const readData: ReadSubset | undefined = flags.readData ? { kind: 'all' } : flags.readDataSubset
  const result = await session.withRepository((library, repository) =>
    session.follow('check', (options) =>
      library.check(repository, { ...options, ...(readData && { readData }) }),
    ),
  )
  report(session, result)
  if (result.damagedObjects.length > 0 || result.damagedSnapshots.length > 0) {
    return exitStatus.damaged
  }
  return result.unread.length > 0 ? exitStatus.storageUnreachable : exitStatus.done
}

function report(session: Session, result: CheckResult): void {
  reportDamage(session, [...result.damagedObjects, ...result.lostFiles], 'check')
  const notNamed = result.lostPlaces - result.lostFiles.length
  if (notNamed > 0 && !session.isJson) {
    const rest = counted(notNamed, 'further place')
    session.terminal.writeError(`damaged: ${rest} in files, which are not named\n`)
  }
  reportUnread(session, result.unread, 'check')
  for (const notice of result.notices) {
    if (session.isJson) {
      writeJsonErrorLine(session.terminal, {
        message_type: 'notice',
        message: notice,
        during: 'check',
      })
    } else if (!session.isQuiet) session.terminal.writeError(`note: ${safeText(notice)}\n`)
  }
  if (session.isJson) writeJsonLine(session.terminal, summary(result))
  session.say(text(result))
}

function summary(result: CheckResult): Readonly<Record<string, unknown>> {
  const { reading } = result
  return {
    message_type: 'summary',
    num_errors: result.damagedObjects.length,
    lost_places: result.lostPlaces,
    broken_snapshots: result.damagedSnapshots,
    unread_objects: result.unread.length,
    snapshots: result.snapshots,
    index_objects: result.indexObjects,
    packs: result.packs,
    pack_bytes: result.packBytes,
    packs_read: result.packsRead,
    bytes_read: result.bytesRead,
    oldest_read: reading.oldestReadAtMs === null ? null : jsonTime(reading.oldestReadAtMs),
    never_read_packs: reading.neverReadPacks,
    never_read_bytes: reading.neverReadBytes,
    total_duration: result.durationMs / 1000,
  }
}

function text(result: CheckResult): string {
  const { damagedObjects, damagedSnapshots, unread, reading } = result
  const what =
    `${counted(result.snapshots, 'snapshot')}, ${counted(result.indexObjects, 'index object')}, ` +
    `${counted(result.packs, 'pack')} (${humanBytes(result.packBytes)}) in ${humanDuration(result.durationMs)}`
  const lines = [`Checked ${what}`]
  if (result.packsRead > 0) {
    lines.push(`Read ${counted(result.packsRead, 'pack')} whole (${humanBytes(result.bytesRead)})`)
  }
  lines.push(readingLine(reading))
  if (damagedObjects.length > 0 || damagedSnapshots.length > 0) {
    lines.push(
      `${counted(damagedObjects.length, 'object')} damaged, ` +
        `${counted(damagedSnapshots.length, 'snapshot')} cannot be restored whole; ` +
        'run `holdfast repair` to see what to do',
    )
  } else if (unread.length > 0) {
    lines.push(`${counted(unread.length, 'object')} could not be read; no damage in the others`)
  } else lines.push('No damage')
  return `${lines.join('\n')}\n`
}

function readingLine({
  oldestReadAtMs,
  neverReadPacks,
  neverReadBytes,
}: CheckResult['reading']): string {
  const never =
    neverReadPacks === 0
      ? ''
      : `${counted(neverReadPacks, 'pack')} (${humanBytes(neverReadBytes)}) never read whole`
  const oldest =
    oldestReadAtMs === null ? '' : `The oldest reading of a pack is of ${humanTime(oldestReadAtMs)}`
  if (oldest === '') return never === '' ? 'There are no packs' : never
  return never === '' ? `${oldest}; every pack was read` : `${oldest}; ${never}`
}
