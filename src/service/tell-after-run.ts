import type { RunMoment } from '../monitoring/channels/ping-run.ts'
import { errorText } from './error-text.ts'
import { monitoringChannels, monitoringSettings } from './monitoring-settings.ts'
import { operationsOf, tellNotice, type ServiceContext } from './service-context.ts'

/** @returns what tells the configured watchdogs how a run goes; whoever cannot be told is a notice */
export function pingRuns(
  context: Omit<ServiceContext, 'repository'>,
): (moment: RunMoment) => Promise<void> {
  const channels = monitoringChannels(context.configuration).filter(
    (channel) => channel.type === 'ping',
  )
  return async (moment) => {
    if (channels.length === 0) return
    const { pingRun } = await import('../monitoring/channels/ping-run.ts')
    const results = await Promise.all(channels.map((channel) => pingRun(channel, moment)))
    for (const result of results) {
      if (result.error !== undefined) {
        tellNotice(context, `Cannot tell ${result.channel}: ${result.error}`)
      }
    }
  }
}

/** Looks at the repository after a run, and tells of alerts that were raised or cleared. Never throws: the run is over and done. */
export async function tellAlertsAfter(context: ServiceContext): Promise<void> {
  const { repository, configuration } = context
  if (configuration === undefined) return
  try {
    const settings = await monitoringSettings(configuration)
    const channels = monitoringChannels(configuration)
    const { told } = await operationsOf(context).tellAlerts(repository, { ...settings, channels })
    for (const { channel, error } of told) {
      if (error !== undefined) tellNotice(context, `Cannot tell ${channel}: ${error}`)
    }
  } catch (error) {
    tellNotice(context, `Alerts could not be worked out: ${errorText(error)}`)
  }
}
