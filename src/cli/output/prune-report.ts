import { escapeText } from '../../foundation/escape-bytes.ts'
import type { Pruned } from '../../service/service-operations.ts'
import type { Session } from '../session.ts'
import { counted, humanBytes, humanDuration } from '../../foundation/human.ts'
import { writeJsonLine } from './json.ts'

/** What was freed, and what the next prune frees. */
export function reportPrune(session: Session, result: Pruned, dryRun: boolean): void {
  const { packsDeleted, packsRewritten, bytesFreed, bytesLeft, durationMs } = result
  const { bytesCondemned, snapshotsDropped, waitingFor } = result
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'summary',
      dry_run: dryRun,
      packs_deleted: packsDeleted,
      packs_rewritten: packsRewritten,
      bytes_freed: bytesFreed,
      bytes_left: bytesLeft,
      bytes_condemned: bytesCondemned,
      waiting_for: waitingFor,
      snapshots_dropped: snapshotsDropped,
      total_duration: durationMs / 1000,
    })
  }
  session.say(
    `${dryRun ? 'Would free' : 'Freed'} ${humanBytes(Math.max(0, bytesFreed))}: ` +
      `${counted(packsDeleted, 'pack')} deleted, ${counted(packsRewritten, 'pack')} rewritten ` +
      `in ${humanDuration(durationMs)}; ${humanBytes(bytesLeft)} left\n`,
  )
  if (waitingFor.length === 0) return
  const who = waitingFor.map(
    ({ operation, pid, hostname }) =>
      `${escapeText(operation)} by process ${pid} on ${escapeText(hostname)}`,
  )
  session.say(
    `${humanBytes(bytesCondemned)} more may still be used by ${who.join(', ')}; the next prune frees it\n`,
  )
}
