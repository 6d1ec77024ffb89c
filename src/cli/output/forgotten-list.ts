import { escapeText } from '../../foundation/escape-bytes.ts'
import { graceMsDefault } from '../../model/retention-policy.ts'
import type { ForgottenSnapshot } from '../library.ts'
import { humanBytes, humanDuration, humanTime, jsonTime } from '../../foundation/human.ts'
import type { Column } from '../../foundation/table.ts'
import type { JsonObject } from './json.ts'
import { shortId, snapshotJson } from './snapshot-json.ts'

export const forgottenColumns: readonly Column[] = [
  { title: 'ID' },
  { title: 'Backup', dropOrder: 3 },
  { title: 'Time' },
  { title: 'Type', dropOrder: 4 },
  { title: 'Host', dropOrder: 1 },
  { title: 'Size', align: 'right', dropOrder: 2 },
  { title: 'Forgotten' },
  { title: 'Can be pruned' },
]

export function forgottenRow(
  { snapshot, forgottenAtMs }: ForgottenSnapshot,
  nowMs: number,
): string[] {
  const leftMs = forgottenAtMs + graceMsDefault - nowMs
  return [
    shortId(snapshot.id),
    escapeText(snapshot.backupId),
    humanTime(snapshot.startedAtMs),
    snapshot.type,
    escapeText(snapshot.hostname),
    humanBytes(snapshot.statistics.bytes),
    humanTime(forgottenAtMs),
    leftMs > 0 ? `in ${humanDuration(leftMs)}` : 'now',
  ]
}

export function forgottenJson({ snapshot, forgottenAtMs }: ForgottenSnapshot): JsonObject {
  return {
    ...snapshotJson(snapshot),
    forgotten_at: jsonTime(forgottenAtMs),
    prunable_at: jsonTime(forgottenAtMs + graceMsDefault),
  }
}
