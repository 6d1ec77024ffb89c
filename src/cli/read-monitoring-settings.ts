import type { MonitoringSettings } from '../monitoring/assess-repository.ts'
import type { Channel } from '../monitoring/channels/channel.ts'
import type { Session } from './session.ts'

export interface ChosenMonitoring {
  readonly settings: MonitoringSettings
  readonly channels: readonly Channel[]
}

/** What the nearest config.yml says of alerts. Its schedule does not count when it names another repository than the one at hand. */
export async function readMonitoringSettings(session: Session): Promise<ChosenMonitoring> {
  const configuration = await session.configuration()
  const { location } = await session.openOptions()
  const { monitoringChannels, monitoringSettings } =
    await import('../service/monitoring-settings.ts')
  const isItsOwn = (configuration?.repository ?? location) === location
  return {
    settings: await monitoringSettings(configuration, isItsOwn),
    channels: monitoringChannels(configuration),
  }
}
