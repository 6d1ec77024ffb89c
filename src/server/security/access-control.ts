import { HttpError } from '../http-error.ts'
import { AllowedHosts, isOwnOrigin } from './allowed-hosts.ts'
import type { Credentials, Identity } from './credentials.ts'
import { readAuthorization } from './credentials.ts'
import { RateLimit } from './rate-limit.ts'
import { SessionStore } from './session-store.ts'

export interface AccessControlOptions {
  readonly credentials: Credentials
  readonly allowedHosts: AllowedHosts
  readonly requestsPerMinute: number
  readonly scheme: 'http' | 'https'
  /** Sessions of servers on other ports of the same host have other cookies. */
  readonly port: number
  readonly nowMs: () => number
  /** Wrong tokens that one address may send in a minute; 10 unless given. */
  readonly failedLoginsPerMinute?: number
  /** Told of each login that failed. */
  readonly onFailedLogin: (login: { readonly user: string; readonly address: string }) => void
}

/** What decides on a request is in its headers. */
export interface AskedBy {
  readonly method: string
  readonly headers: Headers
  readonly address: string
}

const failedLoginsDefault = 10

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Decides who may do what, by pure rules over the headers of a request and what is remembered of earlier ones. */
export class AccessControl {
  readonly sessions: SessionStore
  readonly #options: AccessControlOptions
  readonly #requests: RateLimit
  readonly #failures: RateLimit

  constructor(options: AccessControlOptions) {
    const { nowMs, requestsPerMinute, failedLoginsPerMinute = failedLoginsDefault } = options
    this.#options = options
    this.sessions = new SessionStore(nowMs)
    this.#requests = new RateLimit(requestsPerMinute, nowMs)
    this.#failures = new RateLimit(failedLoginsPerMinute, nowMs, failedLoginsPerMinute)
  }

  get cookieName(): string {
    const { scheme, port } = this.#options
    return scheme === 'https' ? `__Host-holdfast-${port}` : `holdfast-${port}`
  }

  /** What holds for everybody, before it is known who asks. @throws {HttpError} */
  admit({ headers, method, address }: AskedBy): void {
    const host = headers.get('host') ?? ''
    if (!this.#options.allowedHosts.allows(host)) {
      throw new HttpError(
        403,
        'HOST_REFUSED',
        'Cannot answer: the host that is asked for is not this server',
        {
          remedy: 'Ask for localhost, or add the name to holdfast.server.allowed_hosts',
        },
      )
    }
    this.#checkOrigin(headers, method, host)
    this.#limit(`address ${address}`)
  }

  /**
   * Who asks, by a token or by the cookie of a session.
   *
   * @throws {HttpError} 401, or 429 after too many wrong tokens from this address
   */
  identify({ headers, method, address }: AskedBy): Identity {
    const header = headers.get('authorization')
    const identity =
      header === null ? this.#bySession(headers, method) : this.byHeader(header, address)
    if (identity === undefined) throw unauthenticated('Cannot answer: there is no valid token')
    this.#limit(`token ${identity.name}`)
    if (!identity.canWrite && !readingMethods.has(method)) {
      throw new HttpError(403, 'READ_ONLY', 'Cannot do that with a token that may only read', {
        remedy: 'Use the token that may do everything',
      })
    }
    return identity
  }

  /** @throws {HttpError} */
  byHeader(header: string, address: string): Identity {
    this.#refuseAfterFailures(address)
    const identity = this.#options.credentials.checkHeader(header)
    return identity ?? this.#failed(readAuthorization(header)?.user ?? '', address)
  }

  /** @throws {HttpError} */
  byToken(token: string, address: string): Identity {
    this.#refuseAfterFailures(address)
    return this.#options.credentials.check(token) ?? this.#failed('', address)
  }

  /** Value of the cookie of the session. */
  cookieOf(headers: Headers): string | undefined {
    const cookies = (headers.get('cookie') ?? '').split(/; */)
    const start = `${this.cookieName}=`
    return cookies.find((cookie) => cookie.startsWith(start))?.slice(start.length)
  }

  #bySession(headers: Headers, method: string): Identity | undefined {
    const value = this.cookieOf(headers)
    const identity = value === undefined ? undefined : this.sessions.find(value)
    // The browser sends the cookie by itself; that the page asks is what only the origin proves.
    if (identity !== undefined && !readingMethods.has(method) && headers.get('origin') === null) {
      throw originRefused()
    }
    return identity
  }

  /** Whoever asks, a page of another site may change nothing, also where the browser adds a password that it knows. */
  #checkOrigin(headers: Headers, method: string, host: string): void {
    if (readingMethods.has(method)) return
    const origin = headers.get('origin')
    const site = headers.get('sec-fetch-site')
    const isForeign = origin !== null && !isOwnOrigin(origin, this.#options.scheme, host)
    if (isForeign || site === 'cross-site' || site === 'same-site') throw originRefused()
  }

  #limit(key: string): void {
    const seconds = this.#requests.take(key)
    if (seconds > 0) throw tooMany('Cannot answer: there are too many requests', seconds)
  }

  /** Also the right one is refused then: else trying would go on as fast as the network allows. */
  #refuseAfterFailures(address: string): void {
    const seconds = this.#failures.look(address)
    if (seconds > 0)
      throw tooMany('Cannot check the token: there were too many wrong ones', seconds)
  }

  #failed(user: string, address: string): never {
    this.#failures.take(address)
    this.#options.onFailedLogin({ user, address })
    throw unauthenticated('Cannot answer: the token is wrong')
  }
}

function unauthenticated(message: string): HttpError {
  return new HttpError(401, 'UNAUTHENTICATED', message, {
    remedy: 'Send the token as `Authorization: Bearer TOKEN`, or as the password of Basic',
  })
}

function originRefused(): HttpError {
  return new HttpError(403, 'ORIGIN_REFUSED', 'Cannot change anything for a page of another site', {
    remedy: 'Use the page of this server, or a token without a browser',
  })
}

function tooMany(message: string, seconds: number): HttpError {
  return new HttpError(429, 'TOO_MANY_REQUESTS', message, {
    remedy: `Wait ${seconds} s`,
    headers: { 'retry-after': String(seconds) },
  })
}
