import { createHash, timingSafeEqual } from 'node:crypto'

/** Who a request comes from. */
export interface Identity {
  /** Name for records: the user name of Basic, else that of the token. */
  readonly name: string
  readonly canWrite: boolean
}

export interface Tokens {
  readonly full: string
  /** May only read. */
  readonly readOnly?: string | undefined
}

/** The tokens that open the server, as hashes: whoever reads the memory of the process for strings finds none of them here. */
export class Credentials {
  readonly #full: Buffer
  readonly #readOnly: Buffer | undefined

  constructor({ full, readOnly }: Tokens) {
    this.#full = hashOf(full)
    this.#readOnly = readOnly === undefined ? undefined : hashOf(readOnly)
  }

  /** Takes the same time whatever is wrong: equal lengths are compared to the end, and always both. */
  check(token: string, user?: string): Identity | undefined {
    const given = hashOf(token)
    const isFull = timingSafeEqual(given, this.#full)
    const isReadOnly =
      timingSafeEqual(given, this.#readOnly ?? given) && this.#readOnly !== undefined
    if (!isFull && !isReadOnly) return undefined
    const name = user === undefined || user === '' ? (isFull ? 'token' : 'read-only token') : user
    return { name, canWrite: isFull }
  }

  /** @param header value of `Authorization` */
  checkHeader(header: string): Identity | undefined {
    const { token, user } = readAuthorization(header) ?? {}
    return token === undefined ? undefined : this.check(token, user)
  }
}

const namesMax = 64

/** `Bearer TOKEN`, or `Basic` with any user and the token as password. */
export function readAuthorization(
  header: string,
): { readonly token: string; readonly user?: string } | undefined {
  const [, scheme, value] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? []
  if (value === undefined) return undefined
  if (/^bearer$/i.test(scheme)) return { token: value }
  if (!/^basic$/i.test(scheme)) return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  // It goes into records and logs: no controls, no end.
  const user = text
    .slice(0, colon)
    .replaceAll(/[^\x20-\x7e\xa0-\u{10ffff}]/gu, '')
    .slice(0, namesMax)
  return { token: text.slice(colon + 1), user }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
