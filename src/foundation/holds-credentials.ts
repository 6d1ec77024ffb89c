/** `name@host`, `name:password@host`; a password may hold slashes, a port is followed by one. */
const credentials = /^(?:[^/]*@|[^/:@[\]]+:(?!\d+\/)[^@]*@)/
const scheme = /^s3:(?:https?:\/\/|\/\/)?/i

/**
 * Whether a name or a password stands in front of the host of an `s3:` address. Addresses stand in messages, logs, crontabs and the list of
 * processes, so that such a one must not even be repeated where it is refused.
 */
export function holdsCredentials(address: string): boolean {
  return scheme.test(address) && credentials.test(address.replace(scheme, ''))
}
