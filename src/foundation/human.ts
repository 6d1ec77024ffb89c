const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `0 B`, `999 B`, `1.4 GiB`: three significant digits at most, powers of 1,024. */
export function humanBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // Not 1,024: from 999.5 on the rounded number would need four digits.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  if (unit === 0) return `${Math.round(value)} B`
  return `${value.toFixed(value < 99.95 ? 1 : 0)} ${units[unit]}`
}

/** `0.3 s`, `3.2 s`, `59 s`, `2 min 05 s`, `3 h 07 min`, `4 d 02 h`. */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)} d ${twoDigits(hours % 24)} h`
}

/** `1,234,567`; the separator does not follow the locale, so that scripts and documents agree. */
export function humanCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 file`, `2,000 files`. */
export function counted(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${humanCount(count)} ${count === 1 ? singular : plural}`
}

/** `2026-11-23 04:10:05` in the local time zone. */
export function humanTime(ms: number): string {
  const time = new Date(ms)
  if (Number.isNaN(time.getTime())) return 'unknown'
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(twoDigits).join('-')
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')
  return `${day} ${clock}`
}

/** RFC 3339 in UTC for `--json`; null for a time that no calendar has. */
export function jsonTime(ms: number): string | null {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
