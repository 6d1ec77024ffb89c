import type { Configuration } from '../../config/load-config.ts'
import { counted, humanDuration } from '../../foundation/human.ts'
import { assessRepository, type Assessment } from '../../monitoring/assess-repository.ts'
import { lockRepository } from '../../repository/lock-repository.ts'
import type { Repository } from '../../repository/repository.ts'
import { errorText } from '../error-text.ts'
import { monitoringSettings } from '../monitoring-settings.ts'
import { fine, problem, warning, type Finding } from './finding.ts'

const dayMs = 24 * 60 * 60_000
const checkAgeDaysMax = 30
const clockMsMax = 60_000
const futureMsMax = 5 * 60_000

export async function checkRepository(
  repository: Repository,
  configuration: Configuration | undefined,
): Promise<Finding[]> {
  const assessment = assessRepository(repository, await monitoringSettings(configuration))
  return [
    fine('repository', `${repository.location} opens, its catalogue is up to date`),
    ...checkObjects(repository),
    ...checkAlerts(assessment),
    checkAge(assessment),
    await checkClock(repository),
    ...checkFuture(repository, assessment.nowMs),
    ...checkMissed(assessment),
  ]
}

function checkObjects({ unusable, vanished }: Repository): Finding[] {
  const findings: Finding[] = []
  if (unusable.length > 0) {
    const message = `${counted(unusable.length, 'object')} cannot be used, ${unusable[0].name} first`
    findings.push(problem('repository', message, 'holdfast check; then holdfast repair'))
  }
  if (vanished.length > 0) {
    const message = `${counted(vanished.length, 'snapshot')} gone without a record`
    const fix = 'Look into it; holdfast repair catalogue accepts what is there'
    findings.push(problem('repository', message, fix))
  }
  return findings
}

/** What the monitoring has found already; what is looked at below by itself is left out. */
function checkAlerts({ alerts }: Assessment): Finding[] {
  return alerts
    .filter(({ is_raised, rule }) => is_raised && rule !== 'schedule_missed')
    .filter(({ rule }) => rule !== 'verification_overdue')
    .map(({ rule, message }) => {
      const fix = fixes[rule] ?? 'holdfast status'
      return rule === 'damage_found' || rule === 'drill_failed' || rule === 'no_recent_backup'
        ? problem('backups', message, fix)
        : warning('backups', message, fix)
    })
}

const fixes: Readonly<Partial<Record<string, string>>> = {
  no_recent_backup: 'holdfast create',
  damage_found: 'holdfast check --read-data; then holdfast repair',
  drill_failed: 'holdfast verify --all; then holdfast repair',
  failed_backups: 'holdfast list shows the failed runs and why',
  low_success_rate: 'holdfast list shows the failed runs and why',
  large_backup: 'holdfast stats shows what takes the space',
}

function checkAge({ lastCheck, lastDrill, nowMs }: Assessment): Finding {
  const fix = 'holdfast check --read-data, or holdfast verify --all'
  const proofs = [lastCheck?.at, lastDrill?.at].filter((at) => at !== undefined)
  if (proofs.length === 0) return warning('proof', 'nothing has been verified yet', fix)
  const ageMs = nowMs - Math.max(...proofs.map((at) => Date.parse(at)))
  const message = `the last proof that data is intact is ${humanDuration(ageMs)} old`
  return ageMs > checkAgeDaysMax * dayMs ? warning('proof', message, fix) : fine('proof', message)
}

async function checkClock(repository: Repository): Promise<Finding> {
  try {
    const { lock } = await lockRepository(repository, 'shared', 'doctor', { mayOnlyRead: true })
    try {
      const differenceMs = lock.storageNowMs() - repository.clock.nowMs()
      if (Math.abs(differenceMs) <= clockMsMax) return fine('clock', 'agrees with the storage')
      const direction = differenceMs > 0 ? 'behind' : 'ahead of'
      const message = `this clock is ${humanDuration(Math.abs(differenceMs))} ${direction} the storage's`
      return problem('clock', message, 'timedatectl set-ntp true')
    } finally {
      await lock.release()
    }
  } catch (error) {
    return warning('clock', `cannot be compared: ${errorText(error)}`, 'Try again later')
  }
}

function checkFuture({ catalogue }: Repository, nowMs: number): Finding[] {
  const future = catalogue.snapshots
    .list()
    .filter(({ startedAtMs }) => startedAtMs > nowMs + futureMsMax)
  if (future.length === 0) return []
  const message = `${counted(future.length, 'snapshot')} dated in the future, ${future[0].backupId} first`
  return [warning('clock', message, 'Check the clock of its host: timedatectl')]
}

function checkMissed({ freshness }: Assessment): Finding[] {
  const late = freshness.filter(({ is_late }) => is_late)
  if (late.length === 0) return []
  const message = `the schedule is missed: ${late.map(({ type }) => type).join(', ')}`
  return [problem('schedule', message, 'holdfast schedule')]
}
