import type { Repository } from '../../repository/repository.ts'
import { assessRepository, type Assessment, type MonitoringSettings } from '../assess-repository.ts'
import type { Channel, ChannelOptions, ChannelResult } from '../channels/channel.ts'
import { notifyChannels } from '../channels/notify-channels.ts'
import type { AlertChange } from './alert-history.ts'
import { recordAlertChanges } from './record-alert-changes.ts'

export interface ToldAlerts {
  readonly assessment: Assessment
  readonly changes: readonly AlertChange[]
  readonly told: readonly ChannelResult[]
}

export interface TellOptions extends ChannelOptions, MonitoringSettings {
  readonly channels: readonly Channel[]
  readonly nowMs?: number
}

/**
 * What every command does when it has changed something: looks at the repository, writes down which alerts were raised or cleared, and tells
 * the channels of just those. A channel that fails is in the result.
 *
 * @throws {RepositoryError} when the changes cannot be written down; nobody is told of them then
 */
export async function tellAlerts(
  repository: Repository,
  { channels, nowMs, thresholds, plan, ...options }: TellOptions,
): Promise<ToldAlerts> {
  const assessment = assessRepository(repository, { thresholds, plan }, nowMs)
  const changes = await recordAlertChanges(repository, assessment.alerts)
  const { verdict } = assessment
  const told = await notifyChannels(changes, channels, { ...options, repository, verdict })
  return { assessment, changes, told }
}
