import type { AlertChange } from '../alerts/alert-history.ts'
import { alertNames } from '../../model/alert-rule.ts'
import type { Notice } from './channel.ts'

/** `Holdfast on web1: no recent backup raised`; one line. */
export function noticeSubject({ changes, hostname }: Notice): string {
  const told = changes.map(({ rule, state }) => `${alertNames[rule]} ${state}`)
  return `Holdfast on ${hostname}: ${told.join(', ')}`
}

/** What a person reads. */
export function noticeText(notice: Notice): string {
  const { changes, verdict, location, repositoryId } = notice
  return [
    `${verdict.sentence}.`,
    '',
    ...changes.map(changeLine),
    '',
    `Repository: ${location} (${repositoryId})`,
    `Host: ${notice.hostname}`,
    '',
  ].join('\n')
}

export function changeLine({ rule, state, at, message }: AlertChange): string {
  return `${state === 'raised' ? 'RAISED' : 'cleared'}  ${alertNames[rule]}: ${message} (${at})`
}
