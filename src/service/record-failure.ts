import type { BackupRequest } from './create-backup.ts'
import { errorText } from './error-text.ts'
import { operationsOf, tellNotice, type ServiceContext } from './service-context.ts'

export interface FailedRun {
  readonly request: Pick<BackupRequest, 'type' | 'description'>
  readonly startedAtMs: number
  readonly message: string
}

/** Leaves a record of a run that made no backup. Never throws: the reason of the failure must not be hidden by another one. */
export async function recordFailure(
  context: ServiceContext,
  { request, startedAtMs, message }: FailedRun,
): Promise<void> {
  const { repository, actor } = context
  try {
    const { freeBackupSecond } = await import('../repository/free-backup-second.ts')
    const seconds = freeBackupSecond(repository, Math.floor(startedAtMs / 1000))
    await operationsOf(context).writeJournal(repository, {
      kind: 'failure',
      backupId: `backup_${seconds}`,
      type: request.type,
      description: request.description ?? '',
      startedAtMs,
      endedAtMs: Date.now(),
      message,
      actor: { ...actor },
    })
  } catch (error) {
    tellNotice(context, `The failed run could not be recorded: ${errorText(error)}`)
  }
}
