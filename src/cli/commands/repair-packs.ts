import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import type { PackRepair, RepairPacksResult, SnapshotRefill } from '../library.ts'
import { reportUnread } from '../output/damage-report.ts'
import { escapeBytes, escapeText } from '../../foundation/escape-bytes.ts'
import { counted, humanCount, humanDuration } from '../../foundation/human.ts'
import { formatTable } from '../../foundation/table.ts'
import type { Repository } from '../../repository/repository.ts'
import { jsonPath, writeJsonLine } from '../output/json.ts'
import { safeText } from '../output/safe-text.ts'
import { shortId } from '../output/snapshot-json.ts'
import {
  addFromOptions,
  fromFlagsOf,
  withFromRepository,
  type FromFlags,
} from '../second-repository.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface RepairPacksFlags extends FromFlags {
  readonly fromRepo?: string
  readonly apply?: true
  readonly readData?: true
}

export function defineRepairPacks(repair: Command, run: RunAction): void {
  const command = repair
    .command('packs')
    .summary('bring back or salvage damaged packs')
    .description(
      'Bring damaged and missing packs back by parity, copy what verifies out of the others, and name again packs whose index objects are lost',
    )
    .argument('[packs...]', 'only these packs (ids or their beginnings)')
    .option('--apply', 'do it; without this option only say what would be done')
    .option('--read-data', 'read every pack to find those that are damaged')
  addFromOptions(command, 'bring back what is lost from this repository, which has copies')
  command.addHelpText(
    'after',
    '\nThe exit status is 20 as long as there is damage to repair or data is lost.',
  )
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast repair packs', 'show what can be done about the packs that a check found damaged'],
    ['holdfast repair packs --apply', 'do it'],
    ['holdfast repair packs --read-data --apply', 'find all damage first by reading everything'],
    [
      'holdfast repair packs --apply --from /mnt/disk/backup',
      'bring back what is lost from the copies there',
    ],
  ])
  command.action((packs: string[], flags: RepairPacksFlags) =>
    run(command, (session) => repairPacks(session, packs, flags)),
  )
}

async function repairPacks(
  session: Session,
  packs: readonly string[],
  flags: RepairPacksFlags,
): Promise<ExitStatus> {
  const [apply, readData] = [flags.apply === true, flags.readData === true]
  const from = fromFlagsOf(flags)
  const result = await session.withRepository((library, repository) => {
    const repair = (source?: Repository): Promise<RepairPacksResult> =>
      session.follow('repair', (options) =>
        library.repairPacks(repository, {
          ...options,
          packs,
          apply,
          readData,
          ...(source && { from: source }),
        }),
      )
    return from.from === undefined ? repair() : withFromRepository(session, library, from, repair)
  })
  report(session, result)
  const isMissed = result.refills.some(({ lost }) => lost.length > 0)
  const isFound = result.packs.length > 0 || result.indexObjects.length > 0
  if (isMissed) return exitStatus.damaged
  if (result.blobsLost > 0 || (isFound && !result.isApplied)) return exitStatus.damaged
  return result.unread.length > 0 ? exitStatus.storageUnreachable : exitStatus.done
}

function report(session: Session, result: RepairPacksResult): void {
  reportUnread(session, result.unread, 'repair')
  if (session.isJson) writeJson(session, result)
  else session.say(text(session, result))
}

function writeJson({ terminal }: Session, result: RepairPacksResult): void {
  for (const { packId, state, segments, cure, blobsSaved, blobsLost } of result.packs) {
    writeJsonLine(terminal, {
      message_type: 'pack',
      pack_id: packId,
      state,
      segments,
      cure,
      blobs_saved: blobsSaved,
      blobs_lost: blobsLost,
    })
  }
  for (const { snapshotId, backupId, sourceIds, lostBefore, lost } of result.refills) {
    for (const { path, kind, bytes } of lost) {
      writeJsonLine(terminal, {
        message_type: 'lost',
        snapshot_id: snapshotId,
        kind,
        ...jsonPath('path', path),
        ...(bytes !== undefined && { size: bytes }),
      })
    }
    writeJsonLine(terminal, {
      message_type: 'snapshot',
      snapshot_id: snapshotId,
      backup_id: backupId,
      source_ids: sourceIds,
      lost_before: lostBefore,
      lost: lost.length,
    })
  }
  writeJsonLine(terminal, {
    message_type: 'summary',
    dry_run: !result.isApplied,
    packs_read: result.packsRead,
    packs_damaged: result.packs.length,
    packs_named: result.packsNamed,
    packs_whole: result.packsWhole,
    index_objects_damaged: result.indexObjects.map(({ name }) => name),
    blobs_lost: result.blobsLost,
    unread_objects: result.unread.length,
    total_duration: result.durationMs / 1000,
  })
}

const cures = {
  parity: 'comes back by parity',
  copy: 'what verifies is copied',
  none: 'nothing can be had',
} as const

function text({ terminal }: Session, result: RepairPacksResult): string {
  const { packs, indexObjects, packsNamed, isApplied } = result
  const lines: string[] = []
  if (packs.length > 0) {
    lines.push(
      formatTable(
        [
          { title: 'Pack' },
          { title: 'State' },
          { title: 'Saved', align: 'right' },
          { title: 'Lost', align: 'right' },
          { title: 'Cure' },
        ],
        packs.map((pack) => row(pack)),
        { width: terminal.outputColumns, heading: (title) => title },
      ).trimEnd(),
    )
  }
  for (const { name, message } of indexObjects) {
    lines.push(`${name}: ${safeText(message)}; its packs are named anew`)
  }
  if (packsNamed.length > 0) {
    lines.push(
      `${counted(packsNamed.length, 'pack')} of lost index objects ${isApplied ? 'named' : 'can be named'} anew`,
    )
  }
  for (const refill of result.refills) lines.push(...refillLines(refill, isApplied))
  lines.push(conclusion(result))
  return `${lines.join('\n')}\n`
}

function row({ packId, state, segments, cure, blobsSaved, blobsLost }: PackRepair): string[] {
  const segmentCount = segments.length === 0 ? '' : ` (${counted(segments.length, 'segment')})`
  return [
    packId.slice(0, 12),
    `${state}${segmentCount}`,
    humanCount(blobsSaved),
    humanCount(blobsLost),
    cures[cure],
  ]
}

/** Of a snapshot of which something was lost: what has come back from the other repository, and what has not. */
function refillLines(refill: SnapshotRefill, isApplied: boolean): string[] {
  const { snapshotId, backupId, sourceIds, lostBefore, lost } = refill
  const name = `${shortId(snapshotId)} ${escapeText(backupId)}`
  const paths = counted(lostBefore, 'path')
  if (!isApplied) {
    const source =
      sourceIds.length > 0 ? `can be looked for in ${shortId(sourceIds[0])}` : 'has no copy'
    return [`${name}: ${paths} lost, which ${source}`]
  }
  if (lost.length === 0) return [`${name}: all ${paths} came back`]
  return [
    ...lost.map(({ path }) => `lost: ${shortId(snapshotId)}:${escapeBytes(path)}`),
    `${name}: ${counted(lost.length, 'path')} of ${lostBefore} stay lost`,
  ]
}

function conclusion(result: RepairPacksResult): string {
  const { packs, indexObjects, packsNamed, isApplied, blobsLost, packsRead, durationMs } = result
  const read = `read ${counted(packsRead, 'pack')} in ${humanDuration(durationMs)}`
  if (packs.length + indexObjects.length + packsNamed.length + result.refills.length === 0) {
    return `Nothing to repair: ${read}`
  }
  const lost =
    blobsLost === 0
      ? 'nothing is lost'
      : `${counted(blobsLost, 'blob')} ${blobsLost === 1 ? 'is' : 'are'} lost; a new backup stores again what is still in its source, then run \`holdfast repair snapshots\``
  return isApplied
    ? `Repaired: ${read}, ${lost}`
    : `Nothing was changed (${read}); with --apply ${result.refills.length > 0 ? 'comes back what the other repository has' : lost}`
}
