import type { JournalRecord } from '../../model/journal-record.ts'

/*
 * Fields of a journal record beside its kind and time are whatever somebody wrote, so their types are never certain.
 */

/** @returns '' when there is no such text */
export function textField(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name]
  return typeof value === 'string' ? value : ''
}

/** @returns undefined when there is no such finite number */
export function numberField(
  record: Readonly<Record<string, unknown>>,
  name: string,
): number | undefined {
  const value = record[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** @returns an empty object when there is none */
export function objectField(
  record: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  const value = record[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

export function textsField(record: JournalRecord, name: string): string[] {
  const value = record[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
