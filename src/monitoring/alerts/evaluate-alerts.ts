import { counted, humanBytes, humanDuration, jsonTime } from '../../foundation/human.ts'
import type { BackupRecord } from '../../model/backup-record.ts'
import type { TypeFreshness } from '../freshness.ts'
import { isOfPast, isUsable, runsOf, type Run } from '../records/run.ts'
import type { AlertRule } from '../../model/alert-rule.ts'
import { verificationDaysDefault, type AlertState } from './alert.ts'
import type { AlertThresholds } from './alert.ts'

/** What the rules look at. What is left out raises nothing. */
export interface AlertFacts {
  /** With those that were deleted: a run was a run all the same. */
  readonly records: readonly BackupRecord[]
  readonly thresholds: AlertThresholds
  readonly nowMs: number
  /** Since when rules have been raised by what the journal says (`openAlerts`). */
  readonly openSince?: ReadonlyMap<AlertRule, number>
  /** When the repository was created. */
  readonly observedSinceMs?: number
  readonly freshness?: readonly TypeFreshness[]
  readonly damage?: DamageFacts
  readonly lastDrill?: Proof | null
  /** The newest reading of packs that found them whole. */
  readonly lastCheckMs?: number | null
}

export interface Proof {
  readonly atMs: number
  readonly isOk: boolean
  readonly message: string
}

/** What is known to be wrong with the repository. */
export interface DamageFacts {
  readonly packs: number
  /** Snapshots that were here and are gone without a record. */
  readonly vanished: number
  readonly sinceMs: number | null
}

/** Before `since` is decided. */
interface Finding {
  readonly rule: AlertRule
  readonly isRaised: boolean
  readonly value: number | null
  readonly threshold: number | null
  readonly message: string
  /** Where the facts tell since when it is so. */
  readonly sinceMs?: number | undefined
}

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

/**
 * Decides every rule from what is recorded. Nothing else is needed, so that any command on any machine finds that nothing has run for too
 * long, also where no daemon ever ran.
 */
export function evaluateAlerts(facts: AlertFacts): AlertState[] {
  const runs = runsOf(facts.records)
  const findings = [
    noRecentBackup(runs, facts),
    damageFound(runs, facts),
    drillFailed(facts),
    ...rates(runs, facts),
    scheduleMissed(facts),
    verificationOverdue(runs, facts),
    largeBackup(runs, facts),
  ]
  return findings.map(({ rule, isRaised, value, threshold, message, sinceMs }) => {
    const since = sinceMs ?? facts.openSince?.get(rule) ?? facts.nowMs
    return {
      rule,
      is_raised: isRaised,
      since: isRaised ? jsonTime(since) : null,
      value,
      threshold,
      message,
    }
  })
}

function noRecentBackup(runs: readonly Run[], facts: AlertFacts): Finding {
  const { nowMs, thresholds, observedSinceMs } = facts
  const usable = runs.filter(isUsable)
  const past = usable.filter(({ atMs }) => isOfPast(atMs, nowMs))
  const threshold = thresholds.noBackupHours
  const fromFuture = usable.length - past.length
  const remark =
    fromFuture === 0
      ? ''
      : `; ${counted(fromFuture, 'backup')} dated in the future ${fromFuture === 1 ? 'does' : 'do'} not count, check the clock`
  const common = { rule: 'no_recent_backup', threshold } as const
  if (past.length === 0) {
    const message = `There is no backup that can be restored${remark}`
    return { ...common, isRaised: true, value: null, message, sinceMs: observedSinceMs }
  }
  const newestMs = past.reduce((newest, { atMs }) => Math.max(newest, atMs), -Infinity)
  const ageMs = Math.max(0, nowMs - newestMs)
  const isRaised = ageMs > threshold * hourMs
  const limit = isRaised ? `, more than ${humanDuration(threshold * hourMs)}` : ''
  const message = `The newest backup is ${humanDuration(ageMs)} old${limit}${remark}`
  const sinceMs = newestMs + threshold * hourMs
  return { ...common, isRaised, value: ageMs / hourMs, message, sinceMs }
}

/**
 * The failure rate counts runs that made no backup; the success rate also counts against it what was made and found damaged.
 * A run that claims to be from the future may be a failure but no success.
 */
function rates(runs: readonly Run[], { nowMs, thresholds }: AlertFacts): Finding[] {
  const { windowDays, failureRate, successRate } = thresholds
  const counting = runs.filter(
    (run) =>
      run.atMs >= nowMs - windowDays * dayMs &&
      (run.outcome !== 'intact' || isOfPast(run.atMs, nowMs)),
  )
  const window = `in ${counted(windowDays, 'day')}`
  const failed = counting.filter(({ outcome }) => outcome === 'none')
  const intact = counting.filter(({ outcome }) => outcome === 'intact')
  if (counting.length === 0) {
    const message = `No run ${window}`
    const none = { isRaised: false, value: null, message }
    return [
      { rule: 'failed_backups', ...none, threshold: failureRate },
      { rule: 'low_success_rate', ...none, threshold: successRate },
    ]
  }
  const failures = failed.length / counting.length
  const successes = intact.length / counting.length
  const ofAll = `of ${counted(counting.length, 'run')} ${window}`
  return [
    {
      rule: 'failed_backups',
      isRaised: failures > failureRate,
      value: failures,
      threshold: failureRate,
      message: `${failed.length} ${ofAll} failed (${percent(failures)}, allowed ${percent(failureRate)})`,
    },
    {
      rule: 'low_success_rate',
      isRaised: successes < successRate,
      value: successes,
      threshold: successRate,
      message: `${intact.length} ${ofAll} made an intact backup (${percent(successes)}, needed ${percent(successRate)})`,
    },
  ]
}

/** The newest backup of each type: one that was large and has been followed by a smaller one is over. */
function largeBackup(runs: readonly Run[], { thresholds }: AlertFacts): Finding {
  const newest = new Map<string, Run>()
  for (const run of runs.filter(isUsable)) {
    if (run.atMs >= (newest.get(run.type)?.atMs ?? -Infinity)) newest.set(run.type, run)
  }
  const largest = [...newest.values()].reduce<Run | undefined>(
    (most, run) => (run.bytes > (most?.bytes ?? -1) ? run : most),
    undefined,
  )
  const threshold = thresholds.backupBytes
  const common = { rule: 'large_backup', threshold } as const
  if (largest === undefined) {
    return { ...common, isRaised: false, value: null, message: 'There is no backup' }
  }
  const isRaised = largest.bytes > threshold
  const limit = isRaised ? `, more than ${humanBytes(threshold)}` : ''
  const message = `The newest ${largest.type} backup has ${humanBytes(largest.bytes)}${limit}`
  return { ...common, isRaised, value: largest.bytes, message, sinceMs: largest.atMs }
}

function damageFound(runs: readonly Run[], { damage }: AlertFacts): Finding {
  const damaged = runs.filter((run) => run.outcome === 'damaged' && run.deletedAtMs === null)
  const { packs = 0, vanished = 0 } = damage ?? {}
  const parts = [
    ...(damaged.length > 0 ? [counted(damaged.length, 'damaged backup')] : []),
    ...(packs > 0 ? [counted(packs, 'damaged pack')] : []),
    ...(vanished > 0 ? [`${counted(vanished, 'backup')} gone without a record`] : []),
  ]
  const value = damaged.length + packs + vanished
  const message =
    value === 0
      ? 'No damage is on record'
      : `There ${value === 1 ? 'is' : 'are'} ${parts.join(', ')}: run \`holdfast check --read-data\` and \`holdfast repair\``
  const sinceMs = damage?.sinceMs ?? undefined
  return { rule: 'damage_found', isRaised: value > 0, value, threshold: 0, message, sinceMs }
}

function drillFailed({ lastDrill }: AlertFacts): Finding {
  const common = { rule: 'drill_failed', value: null, threshold: null } as const
  if (lastDrill === undefined || lastDrill === null) {
    return { ...common, isRaised: false, message: 'There was no restore drill yet' }
  }
  if (lastDrill.isOk) {
    return { ...common, isRaised: false, message: 'The last restore drill succeeded' }
  }
  const reason = lastDrill.message === '' ? '' : `: ${lastDrill.message}`
  const message = `The last restore drill failed${reason}`
  return { ...common, isRaised: true, message, sinceMs: lastDrill.atMs }
}

function scheduleMissed({ freshness = [], nowMs }: AlertFacts): Finding {
  const late = freshness
    .filter(({ is_late }) => is_late)
    .map(({ type, due_at }) => ({ type, dueMs: Date.parse(due_at ?? '') }))
    .sort((one, other) => one.dueMs - other.dueMs)
  const common = { rule: 'schedule_missed', threshold: 0 } as const
  if (late.length === 0) {
    return { ...common, isRaised: false, value: 0, message: 'No backup is late by the schedule' }
  }
  const latenessMs = nowMs - late[0].dueMs
  const types = late.map(({ type }) => type).join(', ')
  const message = `The schedule is missed: ${types} due for ${humanDuration(latenessMs)}`
  return { ...common, isRaised: true, value: latenessMs / hourMs, message, sinceMs: late[0].dueMs }
}

function verificationOverdue(runs: readonly Run[], facts: AlertFacts): Finding {
  const { nowMs, thresholds, lastDrill, lastCheckMs } = facts
  const threshold = thresholds.verificationDays ?? verificationDaysDefault
  const common = { rule: 'verification_overdue', threshold } as const
  const usable = runs.filter((run) => isUsable(run) && isOfPast(run.atMs, nowMs))
  if (usable.length === 0) {
    return { ...common, isRaised: false, value: null, message: 'There is no backup to verify' }
  }
  const proofs = [
    ...runs.map(({ verifiedAtMs }) => verifiedAtMs),
    lastCheckMs ?? null,
    lastDrill?.isOk === true ? lastDrill.atMs : null,
  ].filter((atMs): atMs is number => atMs !== null && isOfPast(atMs, nowMs))
  const oldestMs = usable.reduce((oldest, { atMs }) => Math.min(oldest, atMs), Infinity)
  const fromMs = proofs.length === 0 ? oldestMs : proofs.reduce((a, b) => Math.max(a, b))
  const ageMs = Math.max(0, nowMs - fromMs)
  const isRaised = ageMs > threshold * dayMs
  const limit = isRaised ? `, more than ${counted(threshold, 'day')}` : ''
  const message =
    proofs.length === 0
      ? `Nothing has been verified since the first backup, ${humanDuration(ageMs)} ago${limit}`
      : `The last proof that data is intact is ${humanDuration(ageMs)} old${limit}`
  const sinceMs = fromMs + threshold * dayMs
  return { ...common, isRaised, value: ageMs / dayMs, message, sinceMs }
}

function percent(rate: number): string {
  return `${Math.round(rate * 1000) / 10} %`
}
