/**
 * Why a connection failed, in words that hold nothing of the address: errors of `fetch` name the whole URL, and the URL of a webhook is its
 * secret.
 */
export function describeFailure(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'TimeoutError') return 'no answer in time'
    if (cause.name === 'AbortError') return 'interrupted'
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code
  }
  return 'no connection'
}
