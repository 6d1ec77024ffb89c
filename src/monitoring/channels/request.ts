import { setTimeout as sleep } from 'node:timers/promises'

import { channelTimeoutMsDefault, retryAfterMsDefault, type ChannelOptions } from './channel.ts'
import { describeFailure } from './describe-failure.ts'

export interface ChannelRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const redirectsMax = 3
const redirectStatuses = new Set([301, 302, 303, 307, 308])

/**
 * Sends one request and, when nobody answers or the server says that it is its own fault, once more.
 *
 * A redirect is followed only to the same scheme, host and port: what is told is nobody else's business.
 * @returns what went wrong, undefined when it was taken; never a part of the address
 */
export async function sendRequest(
  request: ChannelRequest,
  options: ChannelOptions,
): Promise<string | undefined> {
  const first = await attempt(request, options)
  if (first === undefined || !first.mayPass) return first?.error
  try {
    await sleep(options.retryAfterMs ?? retryAfterMsDefault, undefined, { signal: options.signal })
  } catch {
    return first.error
  }
  return (await attempt(request, options))?.error
}

interface Failure {
  readonly error: string
  /** Trying again may help. */
  readonly mayPass: boolean
}

async function attempt(
  request: ChannelRequest,
  { signal, timeoutMs = channelTimeoutMsDefault }: ChannelOptions,
): Promise<Failure | undefined> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    return await follow(request, either)
  } catch (error) {
    const isStopped = signal?.aborted === true
    return { error: isStopped ? 'interrupted' : describeFailure(error), mayPass: !isStopped }
  }
}

async function follow(request: ChannelRequest, signal: AbortSignal): Promise<Failure | undefined> {
  const { address, authorization } = withoutCredentials(request.url)
  let at = address
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const response = await fetch(at, {
      method: request.method,
      redirect: 'manual',
      signal,
      headers: { 'user-agent': 'holdfast', ...authorization, ...request.headers },
      ...(request.body !== undefined && { body: request.body }),
    })
    await response.body?.cancel()
    const { status } = response
    if (response.ok) return undefined
    if (!redirectStatuses.has(status)) {
      const mayPass = status >= 500 || status === 429 || status === 408
      return { error: `it answered with status ${status}`, mayPass }
    }
    const next = readUrl(response.headers.get('location') ?? '', at.href)
    if (next === undefined) return { error: `it answered with status ${status}`, mayPass: false }
    if (next.origin !== at.origin) {
      return { error: `it redirects to another host, "${next.host}"`, mayPass: false }
    }
    at = next
  }
  return { error: 'it redirects without end', mayPass: false }
}

/** `fetch` refuses addresses with a name and a password in them, and says the whole address in its error. */
function withoutCredentials(text: string): {
  address: URL
  authorization: Record<string, string>
} {
  const address = new URL(text)
  const { username, password } = address
  if (username === '' && password === '') return { address, authorization: {} }
  address.username = ''
  address.password = ''
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const encoded = Buffer.from(plain).toString('base64')
  return { address, authorization: { authorization: `Basic ${encoded}` } }
}

/** The only part of an address that may be told. */
export function hostOf(url: string): string {
  return readUrl(url)?.host ?? 'an address that is none'
}

/** `URL.parse` is not in every version of Node that Holdfast runs on. */
export function readUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
