import { hostname } from 'node:os'

import type { Repository } from '../../repository/repository.ts'
import type { AlertChange } from '../alerts/alert-history.ts'
import type { Verdict } from '../verdict.ts'
import type { Channel, ChannelOptions, ChannelResult, Notice } from './channel.ts'
import { describeFailure } from './describe-failure.ts'
import { tellCommand } from './tell-command.ts'
import { tellEmail } from './tell-email.ts'
import { tellWebhook } from './tell-webhook.ts'

export interface NotifyOptions extends ChannelOptions {
  readonly repository: Pick<Repository, 'repositoryId' | 'location'>
  readonly verdict: Pick<Verdict, 'is_protected' | 'sentence'>
  readonly hostname?: string
}

/**
 * Tells every channel of the changes, all at once; pings are told of runs instead (`pingRun`). Never throws: a channel that fails is in
 * the result, and the work that raised the alert goes on.
 *
 * @returns one result for each channel that had something to tell, none when nothing changed
 */
export async function notifyChannels(
  changes: readonly AlertChange[],
  channels: readonly Channel[],
  options: NotifyOptions,
): Promise<ChannelResult[]> {
  if (changes.length === 0) return []
  const { repositoryId, location } = options.repository
  const notice: Notice = {
    repositoryId,
    location,
    hostname: options.hostname ?? hostname(),
    changes,
    verdict: options.verdict,
  }
  const told = channels.flatMap((channel) =>
    channel.type === 'ping' ? [] : [tell(channel, notice, options)],
  )
  return Promise.all(told)
}

async function tell(
  channel: Exclude<Channel, { type: 'ping' }>,
  notice: Notice,
  options: ChannelOptions,
): Promise<ChannelResult> {
  try {
    if (channel.type === 'webhook') return await tellWebhook(channel, notice, options)
    if (channel.type === 'command') return await tellCommand(channel, notice, options)
    return await tellEmail(channel, notice, options)
  } catch (error) {
    // An address that is none, a header that cannot be sent: their errors tell the whole of it.
    return { channel: channel.type, error: describeFailure(error) }
  }
}
