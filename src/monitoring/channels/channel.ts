import type { Verdict } from '../verdict.ts'
import type { AlertChange } from '../alerts/alert-history.ts'

/** Who is told of changes. */
export type AlertChannel =
  | {
      readonly type: 'webhook'
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
    }
  /** Run without a shell. */
  | { readonly type: 'command'; readonly argv: readonly string[]; readonly timeoutSeconds: number }
  | {
      readonly type: 'email'
      /** `smtp://` or `smtps://`, with a user name where the server takes one. */
      readonly server: string
      readonly passwordFile?: string
      readonly from: string
      readonly to: readonly string[]
    }

/** Who is told of every run: `<url>/start` before it, `<url>` after success, `<url>/fail` after failure. */
export interface PingChannel {
  readonly type: 'ping'
  readonly url: string
}

export type Channel = AlertChannel | PingChannel

/** What a channel has to tell. */
export interface Notice {
  readonly repositoryId: string
  readonly location: string
  readonly hostname: string
  readonly changes: readonly AlertChange[]
  readonly verdict: Pick<Verdict, 'is_protected' | 'sentence'>
}

/** What became of one attempt to tell somebody. Neither field ever holds a secret: no path or query of an address, no header. */
export interface ChannelResult {
  /** `webhook of example.org` */
  readonly channel: string
  /** Undefined when it was told. */
  readonly error?: string
}

export interface ChannelOptions {
  readonly signal?: AbortSignal | undefined
  /** Of one attempt. */
  readonly timeoutMs?: number | undefined
  /** Before the second attempt. */
  readonly retryAfterMs?: number | undefined
}

export const channelTimeoutMsDefault = 10_000
export const retryAfterMsDefault = 2_000
