/** Names and addresses that a browser may have in its address line when it talks to this server. */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>

  /** @param allowed further names, with or without a port; with one, only that port */
  constructor(boundHost: string, allowed: readonly string[]) {
    this.#names = new Set(
      ['localhost', '127.0.0.1', '::1', boundHost, ...allowed].map(normalizeHost),
    )
  }

  /**
   * A page of another site can make a browser ask under that site's name for this address (DNS rebinding); the name is not one of ours then.
   *
   * @param header value of `Host`
   */
  allows(header: string): boolean {
    const host = splitHost(header)
    if (host === undefined) return false
    return this.#names.has(host.name) || this.#names.has(`${host.name}:${host.port}`)
  }
}

function splitHost(header: string): { readonly name: string; readonly port: string } | undefined {
  const [, bracketed, plain, port = ''] =
    /^(?:\[([0-9a-f:.%]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(header) ?? []
  const name = bracketed ?? plain
  return name === undefined ? undefined : { name: normalizeHost(name), port }
}

function normalizeHost(host: string): string {
  return host.toLowerCase().replaceAll(/[[\]]/g, '').replace(/\.$/, '')
}

/** Whether what a browser says about the page that asks is this server itself. */
export function isOwnOrigin(origin: string, scheme: 'http' | 'https', host: string): boolean {
  return origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`
}

/** Addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = normalizeHost(host)
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name)
}
