import { Option, type Command } from 'commander'

import { escapeText } from '../../foundation/escape-bytes.ts'
import { lockProcess } from '../../service/process-lock.ts'
import type { ScheduleOutcome } from '../../service/schedule/run-schedule.ts'
import { statusOfOthers } from '../also-to.ts'
import { exitStatus, type ExitStatus } from '../exit-status.ts'
import { followService } from '../follow-service.ts'
import { installSchedule, uninstallSchedule } from '../install-schedule.ts'
import { reportDamage } from '../output/damage-report.ts'
import { writeJsonLine, type JsonObject } from '../output/json.ts'
import type { Session } from '../session.ts'
import { usageError } from '../usage-error.ts'
import { addExamples, type RunAction } from '../verb.ts'

export interface ScheduleFlags {
  readonly dryRun?: true
  readonly install?: true
  readonly uninstall?: true
  readonly cron?: true
  readonly systemd?: true
  readonly user?: true
  readonly yes?: true
}

export function defineSchedule(command: Command, run: RunAction): void {
  command
    .option('-n, --dry-run', 'say what is due, and do nothing')
    .option('--install', 'let the system do it every hour; shows what it writes, and asks')
    .option('--uninstall', 'take out what --install wrote')
    .addOption(new Option('--cron', 'by a crontab entry (default)').conflicts('systemd'))
    .option('--systemd', 'by a systemd service and timer')
    .option('--user', "with --systemd, this user's own units instead of the system's")
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nDoes what is due: a full backup when no verified one is younger than full_backup_days, else' +
        '\nan incremental one when the newest is older than incremental_hours; what has a cron' +
        '\nexpression in holdfast.schedule, when its time has come. With auto_cleanup a cleanup follows.',
    )
  addExamples(command, [
    ['holdfast schedule', 'do what is due, or say that nothing is'],
    ['holdfast schedule --dry-run', 'say what is due'],
    ['holdfast schedule --install --systemd', 'let a systemd timer do it every hour'],
    ['holdfast schedule --uninstall', 'take the crontab entry out again'],
  ])
  command.action((flags: ScheduleFlags) => run(command, (session) => schedule(session, flags)))
}

async function schedule(session: Session, flags: ScheduleFlags): Promise<ExitStatus> {
  if (flags.install === true && flags.uninstall === true) {
    throw usageError('Cannot both install and uninstall', 'Give one of the two')
  }
  const configuration = await session.configuration()
  if (flags.uninstall === true) return await uninstallSchedule(session, flags, configuration)
  const { planDue, requireSchedule } = await import('../../service/schedule/plan-due.ts')
  const { runSchedule } = await import('../../service/schedule/run-schedule.ts')
  requireSchedule(configuration)
  if (flags.install === true) return await installSchedule(session, flags, configuration)
  if ((flags.systemd ?? flags.cron ?? flags.user) !== undefined) {
    throw usageError('Cannot use --cron, --systemd or --user by itself', 'Add --install')
  }
  return await session.withRepository(async (library, repository) => {
    const run = { library, repository, configuration }
    if (flags.dryRun === true) {
      const due = await followService(session, 'schedule', run, (context) => planDue(context))
      return tellDue(session, due)
    }
    const lock = await lockProcess(`run ${repository.repositoryId}`, 'the schedule')
    try {
      const outcome = await followService(session, 'schedule', run, (context) =>
        runSchedule(context),
      )
      return tellOutcome(session, outcome)
    } finally {
      await lock.release()
    }
  })
}

function tellDue(session: Session, due: readonly string[]): ExitStatus {
  const message = due.length === 0 ? 'No backup needed at this time' : `Due: ${due.join(', ')}`
  if (session.isJson) {
    writeJsonLine(session.terminal, { message_type: 'schedule', message, dry_run: true, due })
  }
  session.say(`${message}\n`)
  return exitStatus.done
}

function tellOutcome(session: Session, outcome: ScheduleOutcome): ExitStatus {
  for (const { backup } of outcome.outcomes) reportDamage(session, backup?.damaged ?? [])
  if (session.isJson) writeJsonLine(session.terminal, outcomeJson(outcome))
  session.say(`${escapeText(outcome.message)}\n`)
  for (const { kind, cleanup, verification, drill } of outcome.outcomes) {
    if (cleanup !== null) session.say(`Cleaned up ${cleanup.removed.length} old backups\n`)
    if (verification !== null) session.say(`Verified, ${verification.damaged.length} damaged\n`)
    if (drill !== null) session.say(`Restore drill: ${drill.result} (${kind})\n`)
  }
  return statusOf(outcome)
}

function statusOf({ outcomes, failures }: ScheduleOutcome): ExitStatus {
  const isDamaged = outcomes.some(
    ({ backup, verification, drill }) =>
      (backup?.damaged.length ?? 0) + (verification?.damaged.length ?? 0) > 0 ||
      drill?.result === 'failed',
  )
  if (isDamaged) return exitStatus.damaged
  if (failures.length > 0) return exitStatus.failed
  const others = statusOfOthers(outcomes.flatMap(({ backup }) => backup?.others ?? []))
  if (others !== exitStatus.done) return others
  const isIncomplete = outcomes.some(({ backup }) => (backup?.unreadable ?? 0) > 0)
  return isIncomplete ? exitStatus.incomplete : exitStatus.done
}

function outcomeJson({ message, backup, outcomes, failures }: ScheduleOutcome): JsonObject {
  return {
    message_type: 'schedule',
    message,
    dry_run: false,
    backup_id: backup?.snapshot?.backupId ?? null,
    snapshot_id: backup?.snapshot?.id ?? null,
    verified: backup?.isVerified ?? null,
    deleted_count: outcomes.reduce((sum, { cleanup }) => sum + (cleanup?.removed.length ?? 0), 0),
    done: outcomes.map(({ kind }) => kind),
    failed: failures.map(({ kind }) => kind),
  }
}
