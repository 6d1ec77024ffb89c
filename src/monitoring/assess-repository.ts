import { jsonTime } from '../foundation/human.ts'
import type { BackupRecord } from '../model/backup-record.ts'
import { verificationOk } from '../model/journal-record.ts'
import { summarizeDamage } from '../repository/audit/damage-records.ts'
import type { Repository } from '../repository/repository.ts'
import type { AlertState, AlertThresholds } from './alerts/alert.ts'
import { openAlerts } from './alerts/alert-history.ts'
import { evaluateAlerts, type DamageFacts, type Proof } from './alerts/evaluate-alerts.ts'
import { freshness, type BackupPlan, type TypeFreshness } from './freshness.ts'
import { listBackupRecords } from './records/backup-records.ts'
import { numberField, textField } from './records/journal-fields.ts'
import { backupStatistics, type BackupStatistics } from './statistics/backup-statistics.ts'
import { verdict, type Verdict } from './verdict.ts'

/** What the configuration says of monitoring. */
export interface MonitoringSettings {
  readonly thresholds: AlertThresholds
  /** Undefined where backups are made by hand. */
  readonly plan?: BackupPlan | undefined
}

/** Everything about a repository that rules and sentences come from. */
export interface Assessment {
  readonly nowMs: number
  /** With the deleted ones. */
  readonly records: readonly BackupRecord[]
  readonly statistics: BackupStatistics
  readonly freshness: readonly TypeFreshness[]
  readonly alerts: readonly AlertState[]
  readonly verdict: Verdict
  readonly lastDrill: LastDrill | null
  readonly lastCheck: LastCheck | null
}

/** The last restore of a sample that was compared. */
export interface LastDrill {
  /** ISO 8601 */
  readonly at: string
  readonly result: 'ok' | 'failed'
  readonly files: number
}

/** The last time that contents were read and proved. */
export interface LastCheck {
  readonly at: string
  readonly result: 'ok' | 'damaged'
}

/** Looks at the repository as it is now: two queries for backups, a few for single records. Writes nothing. */
export function assessRepository(
  repository: Repository,
  { thresholds, plan }: MonitoringSettings,
  nowMs: number = repository.clock.nowMs(),
): Assessment {
  const records = listBackupRecords(repository, { includeDeleted: true })
  const observedSinceMs = repository.config.createdAtMs
  const fresh = freshness(records, plan, nowMs, { observedSinceMs })
  const damage = damageOf(repository)
  const drill = newestDrill(repository)
  const checkMs = newestOf(repository, 'check')?.atMs ?? null
  const alerts = evaluateAlerts({
    records,
    thresholds,
    nowMs,
    openSince: openAlerts(repository),
    observedSinceMs,
    freshness: fresh,
    damage,
    lastDrill: drill?.proof ?? null,
    lastCheckMs: checkMs,
  })
  return {
    nowMs,
    records,
    statistics: backupStatistics(records, nowMs),
    freshness: fresh,
    alerts,
    verdict: verdict({ records, alerts, nowMs }),
    lastDrill: drill?.told ?? null,
    lastCheck: lastCheckOf(repository, checkMs, damage.packs > 0),
  }
}

function damageOf(repository: Repository): DamageFacts {
  const { packs, unnamedBlobs, sinceMs } = summarizeDamage(repository)
  return {
    packs: packs + (unnamedBlobs > 0 ? 1 : 0),
    vanished: repository.vanished.length,
    sinceMs,
  }
}

function newestOf(repository: Repository, kind: 'check' | 'drill' | 'verification') {
  return repository.catalogue.journal.list({ kind, limit: 1 })[0]?.record
}

function newestDrill(
  repository: Repository,
): { readonly proof: Proof; readonly told: LastDrill } | undefined {
  const record = newestOf(repository, 'drill')
  if (record === undefined) return undefined
  const isOk = textField(record, 'result') === 'ok'
  const { atMs } = record
  return {
    proof: { atMs, isOk, message: textField(record, 'message') },
    told: {
      at: jsonTime(atMs) ?? '',
      result: isOk ? 'ok' : 'failed',
      files: numberField(record, 'files') ?? 0,
    },
  }
}

/** A check that read packs, or a verification, whichever is newer. */
function lastCheckOf(
  repository: Repository,
  checkMs: number | null,
  hasDamage: boolean,
): LastCheck | null {
  const verification = newestOf(repository, 'verification')
  if (verification !== undefined && verification.atMs >= (checkMs ?? -Infinity)) {
    const isOk = textField(verification, 'result') === verificationOk
    return { at: jsonTime(verification.atMs) ?? '', result: isOk ? 'ok' : 'damaged' }
  }
  if (checkMs === null) return null
  return { at: jsonTime(checkMs) ?? '', result: hasDamage ? 'damaged' : 'ok' }
}
