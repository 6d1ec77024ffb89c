/** Of what is not a page: nothing in it is to be shown, loaded or run. */
const headers: readonly (readonly [string, string])[] = [
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox"],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['x-frame-options', 'DENY'],
  ['cache-control', 'no-store'],
]

/** Adds what a response does not say itself; a page brings a policy of its own. */
export function secureHeaders(response: Response, isSecure: boolean): void {
  for (const [name, value] of headers) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  if (isSecure) response.headers.set('strict-transport-security', 'max-age=31536000')
}
