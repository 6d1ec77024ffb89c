import { readSize } from './read-size.ts'

/**
 * A limit as restic's users write it: a number alone counts KiB in a second, others say their unit (`10M`, `512K`, `1.5MiB`). 0 is no limit.
 *
 * @returns Bytes in a second, undefined when it is none.
 */
export function readRate(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  if (/^0+$/.test(text)) return 0
  // 1.5 of what?
  if (/^\d*\.\d*$/.test(text)) return undefined
  return readSize(/^\d+$/.test(text) ? `${text}K` : text)
}
