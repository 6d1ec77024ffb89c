/** The four documented rules first, then those of Holdfast; in the order in which a sentence names them. */
export const alertRules = [
  'no_recent_backup',
  'damage_found',
  'drill_failed',
  'failed_backups',
  'low_success_rate',
  'schedule_missed',
  'verification_overdue',
  'large_backup',
] as const
export type AlertRule = (typeof alertRules)[number]

/** What a person calls them. */
export const alertNames: Readonly<Record<AlertRule, string>> = {
  no_recent_backup: 'no recent backup',
  damage_found: 'damage found',
  drill_failed: 'restore drill failed',
  failed_backups: 'failed backups',
  low_success_rate: 'low success rate',
  schedule_missed: 'schedule missed',
  verification_overdue: 'verification overdue',
  large_backup: 'large backup',
}
