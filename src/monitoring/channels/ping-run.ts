import type { ChannelOptions, ChannelResult, PingChannel } from './channel.ts'
import { hostOf, readUrl, sendRequest } from './request.ts'

export type RunMoment = 'start' | 'success' | 'fail'

/**
 * Tells a watchdog that a run begins or how it ended. Whoever expects the ping raises the alarm when it stays away, also when this machine is
 * dead. Never throws: a run does not fail because nobody could be told.
 */
export async function pingRun(
  { url }: PingChannel,
  moment: RunMoment,
  options: ChannelOptions = {},
): Promise<ChannelResult> {
  const channel = `ping of ${hostOf(url)}`
  const address = readUrl(url)
  if (address === undefined) return { channel, error: 'its address is none' }
  if (moment !== 'success') {
    address.pathname = `${address.pathname.replace(/\/+$/, '')}/${moment}`
  }
  const error = await sendRequest({ method: 'GET', url: address.href }, options)
  return { channel, ...(error !== undefined && { error }) }
}
