/** A request as it goes over the wire. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** It carries the token that may do everything, unchanged. */
  readonly isKnown: boolean
}

const methods = [
  'GET',
  'POST',
  'DELETE',
  'PUT',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'get',
  'TRACE',
]

const nasty = [
  '',
  '/',
  '//',
  '/..',
  '/../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '%ff%fe',
  '%',
  '%zz',
  '?',
  '#',
  ';',
  ' ',
  '\\',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '$(id)',
  '{{7*7}}',
  '-1',
  '0',
  '1e309',
  '99999999999999999999',
  'null',
  'true',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'latest',
  'latest~999999999',
  'backup_1',
  'backup_99999999999999999999',
  'job_0000000000000000',
  'ÿ'.repeat(50),
  'a'.repeat(5000),
]

const parameters = [
  'path',
  'path_base64',
  'limit',
  'cursor',
  'q',
  'from',
  'to',
  'ids',
  'type',
  'status',
  'snapshot',
  'kind',
  'backup_type',
  'backup_id',
  'target_path',
  'verify',
  'description',
  'download',
  'format',
]
const kinds = [
  'create',
  'restore',
  'verify',
  'check',
  'cleanup',
  'schedule',
  'drill',
  'export',
  'prune',
  'delete',
  'undelete',
  'x',
]

export interface Endpoint {
  readonly method: string
  readonly path: string
}

/** Makes a request out of an endpoint, most of them wrong somewhere. */
export class RequestMutator {
  readonly #random: () => number
  readonly #endpoints: readonly Endpoint[]
  readonly #token: string
  readonly #ids: readonly string[]

  constructor(
    random: () => number,
    endpoints: readonly Endpoint[],
    token: string,
    ids: readonly string[],
  ) {
    this.#random = random
    this.#endpoints = endpoints
    this.#token = token
    this.#ids = ids
  }

  next(): RawRequest {
    const endpoint = this.#one(this.#endpoints)
    const method = this.#chance(0.2) ? this.#one(methods) : endpoint.method.toUpperCase()
    const isKnown = this.#chance(0.6)
    const authorization = isKnown ? `Bearer ${this.#token}` : this.#wrongAuthorization()
    const body = method === 'GET' || method === 'HEAD' ? '' : this.#body()
    return {
      method,
      target: this.#target(endpoint.path),
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...this.#headers(),
        ...(body !== '' && {
          'content-type': this.#chance(0.8) ? 'application/json' : this.#clean(),
        }),
      },
      body,
      isKnown,
    }
  }

  #target(path: string): string {
    let target = path.replaceAll(/\{\w+\}/g, () =>
      this.#chance(0.5) ? this.#one(this.#ids) : encodeURIComponent(this.#one(nasty)),
    )
    if (this.#chance(0.15)) target = this.#mutate(target)
    const query = Array.from({ length: Math.floor(this.#random() * 4) }, () => {
      const value = this.#chance(0.4) ? this.#one(this.#ids) : this.#one(nasty)
      return `${this.#one(parameters)}=${this.#chance(0.8) ? encodeURIComponent(value) : value}`
    })
    const whole = query.length === 0 ? target : `${target}?${query.join('&')}`
    // What no client can write into a request line.
    const line = whole.replaceAll(/[^\x21-\x7e]/g, '%20')
    return line.startsWith('/') ? line : `/${line}`
  }

  #wrongAuthorization(): string | undefined {
    switch (Math.floor(this.#random() * 6)) {
      case 0:
        return undefined
      case 1:
        return `Bearer ${this.#wrongToken()}`
      case 2:
        return `Basic ${this.#token}`
      case 3:
        return this.#clean()
      case 4:
        return `Bearer ${this.#token} ${this.#token}`
      default:
        return `Basic ${Buffer.from(`u:${this.#wrongToken()}`).toString('base64')}`
    }
  }

  #wrongToken(): string {
    const token = this.#mutate(this.#token).replaceAll(/[^\x20-\x7e]/g, '_')
    // Nothing may have been put in, or only a blank at an end, which belongs to no token.
    return token.trim() === this.#token ? `${this.#token}x` : token
  }

  #headers(): Record<string, string> {
    const names = [
      'range',
      'cookie',
      'origin',
      'last-event-id',
      'if-none-match',
      'accept-encoding',
      'x-forwarded-for',
      'sec-fetch-site',
      'transfer-encoding-x',
      'accept',
    ]
    const headers: Record<string, string> = {}
    for (let count = Math.floor(this.#random() * 3); count > 0; count--)
      headers[this.#one(names)] = this.#clean()
    if (this.#chance(0.05)) headers['host'] = this.#clean()
    return headers
  }

  #body(): string {
    if (this.#chance(0.15)) return this.#one(nasty)
    const fields: Record<string, unknown> = { kind: this.#one(kinds) }
    for (let count = Math.floor(this.#random() * 5); count > 0; count--) {
      const name = this.#one([
        ...parameters,
        'paths',
        'target',
        'overwrite',
        'dry_run',
        'snapshots',
        'token',
        'read_data',
      ])
      fields[name] = this.#value()
    }
    const text = JSON.stringify(fields)
    return this.#chance(0.2) ? this.#mutate(text) : text
  }

  #value(): unknown {
    switch (Math.floor(this.#random() * 7)) {
      case 0:
        return null
      case 1:
        return this.#random() * 1e12 - 5e11
      case 2:
        return [this.#one(nasty), this.#one(this.#ids)]
      case 3:
        return { [this.#one(nasty)]: this.#one(nasty) }
      case 4:
        return this.#chance(0.5)
      case 5:
        return this.#one(this.#ids)
      default:
        return this.#one(nasty)
    }
  }

  #mutate(text: string): string {
    const at = Math.floor(this.#random() * (text.length + 1))
    switch (Math.floor(this.#random() * 4)) {
      case 0:
        return text.slice(0, at) + this.#one(nasty) + text.slice(at)
      case 1:
        return text.slice(0, at)
      case 2:
        return (
          text.slice(0, at) +
          String.fromCharCode(33 + Math.floor(this.#random() * 90)) +
          text.slice(at + 1)
        )
      default:
        return text + text
    }
  }

  /** A value that a header can have. */
  #clean(): string {
    return this.#one(nasty)
      .replaceAll(/[^\x20-\x7e]/g, '_')
      .trim()
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]
  }

  #chance(part: number): boolean {
    return this.#random() < part
  }
}
