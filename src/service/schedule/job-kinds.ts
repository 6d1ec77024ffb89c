/** What the schedule knows, in the order in which it is done when several are due at once. */
export const jobKinds = [
  'full',
  'incremental',
  'index',
  'cache',
  'config',
  'cleanup',
  'verify',
  'drill',
] as const
export type JobKind = (typeof jobKinds)[number]

export type BackupJobKind = 'full' | 'incremental' | 'index' | 'cache' | 'config'

export function isBackupJob(kind: JobKind): kind is BackupJobKind {
  return kind !== 'cleanup' && kind !== 'verify' && kind !== 'drill'
}
