import type { Command } from 'commander'

import type { Forgotten } from '../../service/forget-by-policy.ts'
import { runCleanup } from '../../service/run-cleanup.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { followService } from '../follow-service.ts'
import { writeJsonLine } from '../output/json.ts'
import { reportPrune } from '../output/prune-report.ts'
import { retentionText, tellSuspicious } from '../output/retention-report.ts'
import type { Session } from '../session.ts'
import { addExamples, type RunAction } from '../verb.ts'

interface CleanupFlags {
  readonly prune: boolean
  readonly trustTimes?: true
  readonly dryRun?: true
}

export function defineCleanup(command: Command, run: RunAction): void {
  command
    .option('--no-prune', 'leave freeing the space to a later prune')
    .option('--trust-times', 'count also snapshots whose times cannot be right')
    .option('-n, --dry-run', 'show what would be removed, with the reasons, and change nothing')
    .addHelpText(
      'after',
      '\nForgets the backups of config.yml that are older than retention_days, then the oldest beyond' +
        '\nmax_backups, but never the last verified full one; then prunes.',
    )
  addExamples(command, [
    ['holdfast cleanup --dry-run', 'show what would go, and why'],
    ['holdfast cleanup', 'do it'],
  ])
  command.action((flags: CleanupFlags) => run(command, (session) => cleanUp(session, flags)))
}

async function cleanUp(session: Session, flags: CleanupFlags): Promise<ExitStatus> {
  const dryRun = flags.dryRun === true
  const configuration = await session.configuration()
  await session.freeingSpace(async (library, repository) => {
    const run = { library, repository, configuration }
    const { pruned } = await followService(session, 'cleanup', run, (context) =>
      runCleanup(context, {
        dryRun,
        trustTimes: flags.trustTimes === true,
        prune: flags.prune,
        onForgotten: (forgotten) => report(session, forgotten, dryRun),
      }),
    )
    if (pruned !== null) reportPrune(session, pruned, dryRun)
  })
  return exitStatus.done
}

function report(
  session: Session,
  { groups, removed, isRefused }: Forgotten,
  isDryRun: boolean,
): void {
  if (isDryRun || isRefused) session.say(retentionText(session, groups))
  tellSuspicious(session, groups)
  if (isRefused) return
  const message = `${isDryRun ? 'Would clean up' : 'Cleaned up'} ${removed.length} old backups`
  if (session.isJson) {
    writeJsonLine(session.terminal, {
      message_type: 'cleanup',
      message,
      deleted_count: removed.length,
      dry_run: isDryRun,
      snapshots: removed.map(({ id, backupId }) => ({ id, backup_id: backupId })),
    })
  }
  session.say(`${message}\n`)
}
