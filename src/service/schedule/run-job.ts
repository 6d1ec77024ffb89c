import { createBackup, type BackupResult } from '../create-backup.ts'
import { runDrill, type DrillResult } from '../drill/run-drill.ts'
import { errorText } from '../error-text.ts'
import type { PolicyOutcome } from '../forget-by-policy.ts'
import { runCleanup } from '../run-cleanup.ts'
import { tellNotice, type ServiceContext } from '../service-context.ts'
import type { Verified } from '../service-operations.ts'
import { verifyBackup } from '../verify-backup.ts'
import { isBackupJob, type JobKind } from './job-kinds.ts'

/** What one job of the schedule did; what does not belong to its kind is null. */
export interface JobOutcome {
  readonly kind: JobKind
  readonly backup: BackupResult | null
  /** Also of the cleanup after a backup, with `auto_cleanup`. */
  readonly cleanup: PolicyOutcome | null
  readonly verification: Verified | null
  readonly drill: DrillResult | null
}

const nothing = { backup: null, cleanup: null, verification: null, drill: null } as const

/** Does one job of the schedule; a backup is followed by a cleanup where the configuration says so. */
export async function runJob(context: ServiceContext, kind: JobKind): Promise<JobOutcome> {
  if (isBackupJob(kind)) {
    const backup = await createBackup(context, {
      type: kind,
      description: `scheduled ${kind} backup`,
      trigger: 'schedule',
    })
    return { kind, ...nothing, backup, cleanup: await cleanUpAfter(context) }
  }
  if (kind === 'cleanup') return { kind, ...nothing, cleanup: await runCleanup(context) }
  if (kind === 'verify') return { kind, ...nothing, verification: await verifyBackup(context) }
  return { kind, ...nothing, drill: await runDrill(context) }
}

/** That the cleanup fails, for somebody else is at work or the policy is refused, unmakes no backup. */
async function cleanUpAfter(context: ServiceContext): Promise<PolicyOutcome | null> {
  if (context.configuration?.backup?.autoCleanup !== true) return null
  try {
    return await runCleanup(context)
  } catch (error) {
    context.signal.throwIfAborted()
    tellNotice(context, `The cleanup after the backup failed: ${errorText(error)}`)
    return null
  }
}
