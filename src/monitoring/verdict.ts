import { counted, humanDuration } from '../foundation/human.ts'
import type { BackupRecord } from '../model/backup-record.ts'
import { alertNames, alertRules } from '../model/alert-rule.ts'
import type { AlertState } from './alerts/alert.ts'
import { isOfPast, isUsable, runsOf } from './records/run.ts'

/** The one sentence. */
export interface Verdict {
  readonly is_protected: boolean
  readonly sentence: string
  /** What speaks against it, the worst first. */
  readonly reasons: readonly string[]
}

export interface VerdictFacts {
  readonly records: readonly BackupRecord[]
  readonly alerts: readonly AlertState[]
  readonly nowMs: number
}

/** `All protected: …`, or `Attention needed: …, because …` when any alert is raised. */
export function verdict({ records, alerts, nowMs }: VerdictFacts): Verdict {
  const raised = alerts
    .filter(({ is_raised }) => is_raised)
    .sort((one, other) => alertRules.indexOf(one.rule) - alertRules.indexOf(other.rule))
  if (raised.length === 0) {
    return { is_protected: true, sentence: allProtected(records, nowMs), reasons: [] }
  }
  const [first, ...others] = raised
  const more = others.length === 0 ? '' : ` and ${counted(others.length, 'more alert')}`
  const reason = first.message[0].toLowerCase() + first.message.slice(1)
  return {
    is_protected: false,
    sentence: `Attention needed: ${alertNames[first.rule]}${more}, because ${reason}`,
    reasons: raised.map(({ message }) => message),
  }
}

function allProtected(records: readonly BackupRecord[], nowMs: number): string {
  const usable = runsOf(records).filter((run) => isUsable(run) && isOfPast(run.atMs, nowMs))
  const newestMs = usable.reduce((newest, { atMs }) => Math.max(newest, atMs), -Infinity)
  const verified = usable.filter(({ verifiedAtMs }) => verifiedAtMs !== null)
  const age = humanDuration(nowMs - newestMs)
  const proof = `${verified.length === usable.length ? 'all' : verified.length} verified`
  return `All protected: ${counted(usable.length, 'backup')}, ${proof}, the newest ${age} old`
}
