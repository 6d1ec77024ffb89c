import type { AlertRule } from '../../model/alert-rule.ts'

/** What a rule finds at one moment. */
export interface AlertState {
  readonly rule: AlertRule
  readonly is_raised: boolean
  /** ISO 8601; null while it is not raised. */
  readonly since: string | null
  /** In the unit of the threshold (hours, days, bytes, or a rate of 0 to 1); null where there is nothing to measure. */
  readonly value: number | null
  readonly threshold: number | null
  /** A sentence without a full stop, also while it is not raised. */
  readonly message: string
}

/** When alerts are raised; `api.backup`'s documented rules, and what else can be set. */
export interface AlertThresholds {
  readonly noBackupHours: number
  /** 0 to 1 */
  readonly failureRate: number
  readonly backupBytes: number
  /** 0 to 1 */
  readonly successRate: number
  /** Rates count the runs of so many days. */
  readonly windowDays: number
  /** Something of the repository has to be proved intact at least every so many days. */
  readonly verificationDays?: number
}

export const verificationDaysDefault = 30
