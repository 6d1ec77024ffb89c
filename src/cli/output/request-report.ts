import { humanBytes, humanCount } from '../../foundation/human.ts'
import type { Repository } from '../../repository/repository.ts'
import type { StoreRequests } from '../../repository/store-requests.ts'
import type { OtherOutcome } from '../../service/also-to/other-repositories.ts'
import type { Session } from '../session.ts'
import { writeJsonErrorLine } from './json.ts'
import { safeText } from './safe-text.ts'

/** What a command has asked a store for: a line with `--verbose`, and always with `--json`. Nothing where requests cost nothing. */
export async function tellRequests(session: Session, repository: Repository): Promise<void> {
  const counts = await repository.storage?.countRequests()
  if (counts) tellCounts(session, repository.location, counts)
}

/** The same of other repositories, which were opened and closed by what copies to them. */
export function tellOtherRequests(session: Session, others: readonly OtherOutcome[]): void {
  for (const { location, requests } of others) {
    if (requests !== null) tellCounts(session, location, requests)
  }
}

function isTold({ globals, isJson, isQuiet }: Session): boolean {
  return isJson ? !isQuiet : globals.verbose === true && !isQuiet
}

function tellCounts(session: Session, location: string, counts: StoreRequests): void {
  const { terminal, isJson } = session
  if (!isJson && counts.wrongAnswers > 0) terminal.writeError(wrongAnswersText(counts))
  if (!isTold(session)) return
  if (isJson) writeJsonErrorLine(terminal, requestsJson(location, counts))
  else terminal.writeError(`${safeText(requestsText(location, counts))}\n`)
}

/** Also without `--verbose`: whoever is lied to should know, though nothing wrong was taken. */
function wrongAnswersText({ wrongAnswers }: StoreRequests): string {
  const answers = wrongAnswers === 1 ? '1 answer' : `${humanCount(wrongAnswers)} answers`
  return `warning: ${answers} of the store had other bytes than what was stored, and were asked for again; is it, or the way to it, failing?\n`
}

/** `asked s3:https://store/bucket: 12 GET, 3 PUT, 9 LIST, 1 DELETE; 1.2 MiB down, 4.0 KiB up` */
export function requestsText(location: string, counts: StoreRequests): string {
  const kinds = [
    [counts.gets, 'GET'],
    [counts.heads, 'HEAD'],
    [counts.puts, 'PUT'],
    [counts.lists, 'LIST'],
    [counts.deletes, 'DELETE'],
  ] as const
  const asked = kinds
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${humanCount(count)} ${kind}`)
  const bytes = `${humanBytes(counts.downloadedBytes)} down, ${humanBytes(counts.uploadedBytes)} up`
  const wrong = counts.wrongAnswers > 0 ? `; ${humanCount(counts.wrongAnswers)} wrong answers` : ''
  return `asked ${location}: ${asked.join(', ') || 'nothing'}; ${bytes}${wrong}`
}

export function requestsJson(
  location: string,
  counts: StoreRequests,
): Readonly<Record<string, unknown>> {
  return {
    message_type: 'requests',
    repository: location,
    get: counts.gets,
    head: counts.heads,
    put: counts.puts,
    list: counts.lists,
    delete: counts.deletes,
    downloaded_bytes: counts.downloadedBytes,
    uploaded_bytes: counts.uploadedBytes,
    wrong_answers: counts.wrongAnswers,
  }
}
