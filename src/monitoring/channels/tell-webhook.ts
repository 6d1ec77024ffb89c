import type { AlertChannel, ChannelOptions, ChannelResult, Notice } from './channel.ts'
import { noticeSubject, noticeText } from './notice-text.ts'
import { hostOf, sendRequest } from './request.ts'

type Webhook = Extract<AlertChannel, { type: 'webhook' }>

/** POSTs the changes as JSON; `text` is what chat systems show of a message. */
export async function tellWebhook(
  { url, headers }: Webhook,
  notice: Notice,
  options: ChannelOptions,
): Promise<ChannelResult> {
  const body = JSON.stringify({
    message_type: 'alerts',
    title: noticeSubject(notice),
    text: noticeText(notice),
    is_protected: notice.verdict.is_protected,
    verdict: notice.verdict.sentence,
    hostname: notice.hostname,
    repository: notice.location,
    repository_id: notice.repositoryId,
    alerts: notice.changes,
  })
  const channel = `webhook of ${hostOf(url)}`
  const error = await sendRequest(
    { method: 'POST', url, body, headers: { 'content-type': 'application/json', ...headers } },
    options,
  )
  return { channel, ...(error !== undefined && { error }) }
}
