import { Option, type Command } from 'commander'

import { escapeBytes, escapeText } from '../../foundation/escape-bytes.ts'
import { counted, humanBytes, humanCount, humanTime, jsonTime } from '../../foundation/human.ts'
import { formatPairs, formatTable, type Column } from '../../foundation/table.ts'
import type { BackupType } from '../../model/snapshot.ts'
import type {
  RepositoryStatistics,
  SpaceUse,
  StatisticsTotals,
} from '../../operations/statistics/repository-statistics.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { parseBackupType, parseText } from '../option-values.ts'
import { jsonPath, writeJsonLine, type JsonObject } from '../output/json.ts'
import { shortId } from '../output/snapshot-json.ts'
import { headingStyle } from '../output/terminal.ts'
import { resolveSnapshots } from '../resolve-snapshots.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

const groupings = ['snapshot', 'type', 'folder'] as const
type StatsGrouping = (typeof groupings)[number]

interface StatsFlags {
  readonly type?: BackupType
  readonly by: StatsGrouping
  readonly deletion?: readonly string[]
}

export function defineStats(command: Command, run: RunAction): void {
  command
    .option(
      '--type <type>',
      'only snapshots of this type: full, incremental, index, cache, config',
      parseBackupType,
    )
    .addOption(new Option('--by <what>', 'which table to show').choices(groupings).default('type'))
    .option(
      '--deletion <snapshot...>',
      'what it would free to delete these together',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), parseText(text)],
    )
  addExamples(command, [
    ['holdfast stats', 'show totals and what each type of backup takes'],
    ['holdfast stats --by snapshot', 'show what only this or that snapshot needs'],
    ['holdfast stats --by folder', 'show which folders take the space'],
    ['holdfast stats --deletion 1a2b3c4d 5e6f7a8b', 'show what deleting both would free'],
  ])
  command.action((flags: StatsFlags) =>
    run(command, (session) =>
      flags.deletion === undefined
        ? showStatistics(session, flags)
        : showDeletion(session, flags.deletion),
    ),
  )
}

async function showDeletion(session: Session, names: readonly string[]): Promise<ExitStatus> {
  const { terminal } = session
  const deletion = await session.withRepository(async (library, repository) => {
    const snapshots = await resolveSnapshots(library, repository, names)
    return library.deletionStatistics(
      repository,
      snapshots.map(({ id }) => id),
    )
  })
  const { snapshots, freedBytes, sharedBytes, freedBlobs } = deletion
  if (session.isJson) {
    writeJsonLine(terminal, {
      message_type: 'deletion',
      snapshots,
      freed_bytes: freedBytes,
      shared_bytes: sharedBytes,
      freed_blobs: freedBlobs,
    })
    return exitStatus.done
  }
  terminal.writeOutput(
    formatPairs([
      ['Deleting', counted(snapshots, 'snapshot')],
      ['Frees', `${humanBytes(freedBytes)} in ${counted(freedBlobs, 'blob')}`],
      ['Stays', `${humanBytes(sharedBytes)} that other snapshots need as well`],
    ]),
  )
  return exitStatus.done
}

async function showStatistics(session: Session, { type, by }: StatsFlags): Promise<ExitStatus> {
  const { terminal } = session
  const statistics = await session.withRepository((library, repository) =>
    library.repositoryStatistics(repository, { ...(type !== undefined && { type }) }),
  )
  if (session.isJson) {
    writeJsonLine(terminal, statisticsJson(statistics))
    return exitStatus.done
  }
  const style = { width: undefined, heading: headingStyle(terminal) }
  terminal.writeOutput(formatPairs(totalPairs(statistics.totals)))
  const [columns, rows] = tableOf(statistics, by)
  if (rows.length > 0) terminal.writeOutput(`\n${formatTable(columns, rows, style)}`)
  if (!statistics.isComplete) {
    session.say('Some directories are lost: what they need is not counted; run `holdfast check`\n')
  }
  return exitStatus.done
}

function totalPairs(totals: StatisticsTotals): [string, string][] {
  const { snapshots, sourceBytes, uniqueBytes, blobs, neededBytes, unusedBytes } = totals
  const { storedBytes, dedupRatio, compressionRatio } = totals
  return [
    ['Snapshots', humanCount(snapshots)],
    ['All files', `${humanBytes(sourceBytes)} in all snapshots together`],
    [
      'Unique',
      `${humanBytes(uniqueBytes)} in ${counted(blobs, 'blob')}${times(dedupRatio, 'by deduplication')}`,
    ],
    ['Compressed', `${humanBytes(neededBytes)}${times(compressionRatio, 'by compression')}`],
    ['Not needed', `${humanBytes(unusedBytes)} that a prune may free`],
    ['Stored', `${humanBytes(storedBytes)} in all packs`],
  ]
}

function times(ratio: number | null, how: string): string {
  return ratio === null ? '' : `, ${ratio.toFixed(1)} times less ${how}`
}

const spaceColumns: readonly Column[] = [
  { title: 'Files', align: 'right' },
  { title: 'Needs', align: 'right' },
  { title: 'Exclusive', align: 'right' },
  { title: 'Shared', align: 'right' },
]

function spaceCells(sourceBytes: number, space: SpaceUse): string[] {
  const { neededBytes, exclusiveBytes, sharedBytes } = space
  return [sourceBytes, neededBytes, exclusiveBytes, sharedBytes].map(humanBytes)
}

function tableOf(
  { bySnapshot, byType, byFolder }: RepositoryStatistics,
  by: StatsGrouping,
): [readonly Column[], string[][]] {
  if (by === 'snapshot') {
    const rows = [...bySnapshot].reverse().map((one) => {
      const cells = spaceCells(one.sourceBytes, one)
      return [shortId(one.id), humanTime(one.startedAtMs), one.type, ...cells]
    })
    return [[{ title: 'ID' }, { title: 'Time' }, { title: 'Type' }, ...spaceColumns], rows]
  }
  if (by === 'folder') {
    const rows = byFolder.map((one) => [
      ...spaceCells(one.sourceBytes, one),
      one.path === null ? '(others)' : `${escapeBytes(one.path)}/`,
    ])
    return [[...spaceColumns, { title: 'Folder' }], rows]
  }
  const rows = byType.map((one) => [
    escapeText(one.type),
    humanCount(one.snapshots),
    ...spaceCells(one.sourceBytes, one),
  ])
  return [[{ title: 'Type' }, { title: 'Snapshots', align: 'right' }, ...spaceColumns], rows]
}

function statisticsJson({
  totals,
  bySnapshot,
  byType,
  byFolder,
  isComplete,
}: RepositoryStatistics): JsonObject {
  return {
    message_type: 'statistics',
    totals: {
      snapshots: totals.snapshots,
      source_bytes: totals.sourceBytes,
      unique_bytes: totals.uniqueBytes,
      needed_bytes: totals.neededBytes,
      unused_bytes: totals.unusedBytes,
      stored_bytes: totals.storedBytes,
      blobs: totals.blobs,
      dedup_ratio: totals.dedupRatio,
      compression_ratio: totals.compressionRatio,
    },
    by_snapshot: bySnapshot.map((one) => ({
      id: one.id,
      backup_id: one.backupId,
      backup_type: one.type,
      started_at: jsonTime(one.startedAtMs),
      files: one.files,
      ...spaceJson(one.sourceBytes, one),
    })),
    by_type: byType.map((one) => ({
      backup_type: one.type,
      snapshots: one.snapshots,
      ...spaceJson(one.sourceBytes, one),
    })),
    by_folder: byFolder.map((one) => ({
      ...(one.path === null ? { path: null } : jsonPath('path', one.path)),
      ...spaceJson(one.sourceBytes, one),
    })),
    is_complete: isComplete,
  }
}

function spaceJson(sourceBytes: number, space: SpaceUse): JsonObject {
  return {
    bytes: sourceBytes,
    stored_bytes: space.neededBytes,
    exclusive_bytes: space.exclusiveBytes,
    shared_bytes: space.sharedBytes,
  }
}
