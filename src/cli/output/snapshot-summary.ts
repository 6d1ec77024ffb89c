import { escapeText } from '../../foundation/escape-bytes.ts'
import type { OtherOutcome } from '../../service/also-to/other-repositories.ts'
import type { SnapshotResult } from '../library.ts'
import type { Session } from '../session.ts'
import { counted, humanBytes, humanCount, humanDuration, jsonTime } from '../../foundation/human.ts'
import { formatPairs } from '../../foundation/table.ts'
import { writeJsonLine, type JsonObject } from './json.ts'
import { othersJson, othersText } from './other-outcomes.ts'
import { countersJson, shortId } from './snapshot-json.ts'

export interface SnapshotOutcome {
  /** Undefined when the snapshot was not verified at once. */
  readonly isVerified: boolean | undefined
  /** What became of the copies. */
  readonly others: readonly OtherOutcome[]
}

/** What a backup did: as text, or as restic's `summary` line with what restic does not have. */
export function writeSnapshotSummary(
  session: Session,
  result: SnapshotResult,
  outcome: SnapshotOutcome,
): void {
  if (session.isJson) writeJsonLine(session.terminal, summaryJson(result, outcome))
  session.say(summaryText(result, outcome))
}

function summaryText(result: SnapshotResult, outcome: SnapshotOutcome): string {
  const { snapshot, statistics, unreadable, durationMs } = result
  const { newFiles, changedFiles, unchangedFiles, bytes } = statistics
  const perSecond = durationMs > 0 ? `, ${humanBytes((bytes / durationMs) * 1000)}/s` : ''
  const added = statistics.dataBytesAdded + statistics.treeBytesAdded
  const title =
    snapshot === null
      ? 'Would save this snapshot, nothing was stored\n'
      : `Saved snapshot ${shortId(snapshot.id)} as ${escapeText(snapshot.backupId)}\n`
  const pairs: [string, string][] = [
    [
      'files',
      `${humanCount(newFiles)} new, ${humanCount(changedFiles)} changed, ` +
        `${humanCount(unchangedFiles)} unchanged, ${humanBytes(bytes)} in all`,
    ],
    ['directories', humanCount(statistics.directories)],
    ['added', `${humanBytes(added)}, stored as ${humanBytes(statistics.storedBytesAdded)}`],
    ['took', `${humanDuration(durationMs)}${perSecond}`],
  ]
  if (outcome.isVerified !== undefined) {
    pairs.push([
      'verified',
      outcome.isVerified ? 'yes, everything reads back' : 'DAMAGED, see above',
    ])
  }
  if (unreadable > 0) pairs.push(['unreadable', `${counted(unreadable, 'path')}, not saved`])
  return title + formatPairs(pairs, '  ') + othersText(outcome.others)
}

function summaryJson(result: SnapshotResult, { isVerified, others }: SnapshotOutcome): JsonObject {
  const { snapshot, statistics, unreadable, durationMs } = result
  return {
    message_type: 'summary',
    ...countersJson(statistics),
    total_duration: durationMs / 1000,
    unreadable,
    dry_run: snapshot === null,
    ...(isVerified !== undefined && { verified: isVerified }),
    ...othersJson(others),
    ...(snapshot !== null && {
      backup_start: jsonTime(snapshot.startedAtMs),
      backup_end: jsonTime(snapshot.endedAtMs),
      backup_type: snapshot.type,
      snapshot_id: snapshot.id,
      backup_id: snapshot.backupId,
    }),
  }
}
