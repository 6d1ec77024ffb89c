import type { Configuration } from '../config/load-config.ts'
import { defaultAlerts } from '../config/defaults.ts'
import type { ChannelSettings, ScheduleSettings } from '../config/settings.ts'
import { splitWords } from '../config/split-words.ts'
import { backupTypes, type BackupType } from '../model/snapshot.ts'
import type { MonitoringSettings } from '../monitoring/assess-repository.ts'
import type { Channel } from '../monitoring/channels/channel.ts'
import type { BackupPlan } from '../monitoring/freshness.ts'

/**
 * What a configuration says of monitoring; without one, the documented thresholds and no schedule.
 *
 * @param isOfRepository false when the repository at hand is not that of the configuration: its schedule is another one's then
 */
export async function monitoringSettings(
  configuration: Configuration | undefined,
  isOfRepository: boolean = true,
): Promise<MonitoringSettings> {
  const thresholds = configuration?.settings.alerts ?? defaultAlerts
  const plan = isOfRepository ? await planOf(configuration) : undefined
  return { thresholds, ...(plan !== undefined && { plan }) }
}

/** Who is told. A command whose quotes do not match is told of by whoever runs it. */
export function monitoringChannels(configuration: Configuration | undefined): Channel[] {
  return (configuration?.settings.channels ?? []).map(toChannel)
}

function toChannel(channel: ChannelSettings): Channel {
  if (channel.type !== 'command') return channel
  const { command, timeoutSeconds } = channel
  return { type: 'command', argv: splitWords(command) ?? [command], timeoutSeconds }
}

async function planOf(configuration: Configuration | undefined): Promise<BackupPlan | undefined> {
  const backup = configuration?.backup
  if (configuration === undefined || backup?.enabled !== true) return undefined
  const { fullBackupDays, incrementalHours } = backup.schedule
  const nextRun = await nextRunOf(configuration.settings.schedule)
  return { fullBackupDays, incrementalHours, ...(nextRun !== undefined && { nextRun }) }
}

/** The next time of an expression takes 0.5 ms to find, and a strip of 30 days asks for the same hundreds of them each time. */
const knownTimesMax = 20_000

/** The library of cron expressions is loaded only where there is one. */
async function nextRunOf(schedule: ScheduleSettings): Promise<BackupPlan['nextRun']> {
  const expressions = backupTypes.flatMap((type) => {
    const expression = schedule[type]
    return expression === undefined ? [] : [[type, expression] as const]
  })
  if (expressions.length === 0) return undefined
  const { Cron } = await import('croner')
  const jobs = new Map<BackupType, InstanceType<typeof Cron>>()
  for (const [type, expression] of expressions) {
    const { timeZone } = schedule
    try {
      jobs.set(
        type,
        new Cron(expression, { paused: true, ...(timeZone && { timezone: timeZone }) }),
      )
    } catch {
      // One that means nothing plans nothing: the daemon and `doctor` tell of it, and a status is wanted all the same.
    }
  }
  const known = new Map<string, number | undefined>()
  return (type, afterMs) => {
    const key = `${type} ${afterMs}`
    if (!known.has(key)) {
      if (known.size >= knownTimesMax) known.clear()
      known.set(key, jobs.get(type)?.nextRun(new Date(afterMs))?.getTime())
    }
    return known.get(key)
  }
}
