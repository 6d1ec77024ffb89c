/** Whether who asked takes this content coding: it stands in Accept-Encoding, and not with a weight of zero (RFC 9110, section 12.5.3). */
export function acceptsEncoding(headers: Headers, encoding: 'br' | 'gzip'): boolean {
  const accepted = (headers.get('accept-encoding') ?? '').toLowerCase()
  return patterns[encoding].test(accepted)
}

const patterns = { br: patternOf('br'), gzip: patternOf('gzip') }

function patternOf(encoding: string): RegExp {
  return new RegExp(`(?:^|[,\\s])${encoding}(?:\\s*(?:,|$)|\\s*;\\s*q=(?!0(?:\\.0*)?(?:,|\\s|$)))`)
}
