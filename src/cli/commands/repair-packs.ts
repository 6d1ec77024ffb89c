import type { Command } from 'commander'

import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { addGlobalOptions } from '../global-options.ts'
import type { PackRepair, RepairPacksResult } from '../library.ts'
import { reportUnread } from '../output/damage-report.ts'
import { counted, humanCount, humanDuration } from '../../foundation/human.ts'
import { formatTable } from '../../foundation/table.ts'
import { writeJsonLine } from '../output/json.ts'
import { safeText } from '../output/safe-text.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface RepairPacksFlags {
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
    .addHelpText(
      'after',
      '\nThe exit status is 20 as long as there is damage to repair or data is lost.',
    )
  addGlobalOptions(command)
  addExamples(command, [
    ['holdfast repair packs', 'show what can be done about the packs that a check found damaged'],
    ['holdfast repair packs --apply', 'do it'],
    ['holdfast repair packs --read-data --apply', 'find all damage first by reading everything'],
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
  const result = await session.withRepository((library, repository) =>
    session.follow('repair', (options) =>
      library.repairPacks(repository, { ...options, packs, apply, readData }),
    ),
  )
  report(session, result)
  const isFound = result.packs.length > 0 || result.indexObjects.length > 0
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

function conclusion(result: RepairPacksResult): string {
  const { packs, indexObjects, packsNamed, isApplied, blobsLost, packsRead, durationMs } = result
  const read = `read ${counted(packsRead, 'pack')} in ${humanDuration(durationMs)}`
  if (packs.length + indexObjects.length + packsNamed.length === 0) {
    return `Nothing to repair: ${read}`
  }
  const lost =
    blobsLost === 0
      ? 'nothing is lost'
      : `${counted(blobsLost, 'blob')} ${blobsLost === 1 ? 'is' : 'are'} lost; a new backup stores again what is still in its source, then run \`holdfast repair snapshots\``
  return isApplied
    ? `Repaired: ${read}, ${lost}`
    : `Nothing was changed (${read}); with --apply ${lost}`
}
