const steps = [
  { unit: 'min', ms: 60_000, belowMs: 3_600_000 },
  { unit: 'h', ms: 3_600_000, belowMs: 48 * 3_600_000 },
  { unit: 'd', ms: 86_400_000, belowMs: 60 * 86_400_000 },
  { unit: 'months', ms: 30.44 * 86_400_000, belowMs: 730 * 86_400_000 },
  { unit: 'years', ms: 365.25 * 86_400_000, belowMs: Infinity },
] as const

/** `just now`, `5 min ago`, `3 h ago`, `in 2 d`. */
export function relativeTimeText(atMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - atMs)
  if (distance < 45_000) return atMs > nowMs ? 'in a moment' : 'just now'
  const step = steps.find(({ belowMs }) => distance < belowMs) ?? steps[steps.length - 1]
  const count = Math.max(1, Math.round(distance / step.ms))
  return atMs > nowMs ? `in ${count} ${step.unit}` : `${count} ${step.unit} ago`
}

/** `23 Nov` for axes; the month's name does not follow the locale, as nothing else here does. */
export function dayText(date: string): string {
  const [, month, day] = date.split('-').map(Number)
  return `${day} ${months[month - 1] ?? ''}`
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
