import { humanBytes, humanCount } from '../../foundation/human.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Session } from '../session.ts'
import { writeJsonErrorLine } from './json.ts'

type Counts = NonNullable<Awaited<ReturnType<Repository['storage']['countRequests']>>>

/** What a command has asked a store for: a line with `--verbose`, and always with `--json`. Nothing where requests cost nothing. */
export async function tellRequests(session: Session, repository: Repository): Promise<void> {
  const { terminal, globals, isJson, isQuiet } = session
  if (isJson ? isQuiet : globals.verbose !== true) return
  // A store that failed has been told already.
  const counts = await repository.storage?.countRequests().catch(() => null)
  if (counts === null || counts === undefined) return
  if (isJson) writeJsonErrorLine(terminal, requestsJson(counts))
  else terminal.writeError(`${requestsText(counts)}\n`)
}

/** `asked the store: 12 GET, 3 PUT, 9 LIST, 1 DELETE; 1.2 MiB down, 4.0 KiB up` */
export function requestsText(counts: Counts): string {
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
  return `asked the store: ${asked.join(', ') || 'nothing'}; ${bytes}`
}

export function requestsJson(counts: Counts): Readonly<Record<string, unknown>> {
  return {
    message_type: 'requests',
    get: counts.gets,
    head: counts.heads,
    put: counts.puts,
    list: counts.lists,
    delete: counts.deletes,
    downloaded_bytes: counts.downloadedBytes,
    uploaded_bytes: counts.uploadedBytes,
  }
}
