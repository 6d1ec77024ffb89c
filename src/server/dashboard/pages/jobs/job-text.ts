import { humanCount } from '../../../../foundation/human.ts'
import type { JobError, LockHolder } from '../../../api/answers.ts'
import { byteText } from '../../text/number-text.ts'
import { visibleText } from '../../text/visible-text.ts'

export function jobErrorText(error: JobError): string {
  return error.remedy ? `${error.error}. ${error.remedy}` : error.error
}

/** Whom a job waits for. */
export function waitingText({ operation, pid, hostname, message }: LockHolder): string {
  if (operation === '') return visibleText(message)
  return visibleText(`waiting for ${operation} by process ${pid} on ${hostname}`)
}

/** What a job gives back, as names and values to read: sizes as sizes, counts as counts, lists by their length. */
export function resultFacts(
  result: Readonly<Record<string, unknown>>,
): [name: string, value: string][] {
  return Object.entries(result).flatMap(([name, value]): [string, string][] => {
    const text = valueText(name, value)
    return text === undefined ? [] : [[name.replaceAll('_', ' '), text]]
  })
}

function valueText(name: string, value: unknown): string | undefined {
  if (typeof value === 'number') {
    if (/(?:^|_)bytes(?:_|$)/.test(name)) return byteText(value)
    return Number.isInteger(value) ? humanCount(value) : value.toFixed(3)
  }
  if (typeof value === 'string') return value === '' ? undefined : visibleText(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) {
    const isShort = value.length <= 8 && value.every((each) => typeof each === 'string')
    return isShort && value.length > 0
      ? value.map((each) => visibleText(each)).join(', ')
      : humanCount(value.length)
  }
  return undefined
}
