import { humanBytes } from '../../foundation/human.ts'
import { errorText } from '../../service/error-text.ts'
import type { OtherOutcome } from '../../service/also-to/other-repositories.ts'
import type { JsonObject } from './json.ts'
import { safeText } from './safe-text.ts'

/** What became of the copies of a backup, as a part of its summary. */
export function othersJson(others: readonly OtherOutcome[]): JsonObject {
  if (others.length === 0) return {}
  return {
    also_to: others.map(({ location, error, copied, damaged, storedBytesAdded }) => ({
      repository: location,
      copied,
      damaged,
      data_added_packed: storedBytesAdded,
      error: error === null ? null : errorText(error),
    })),
  }
}

/** What there is to say of each; those that failed were told when they did. */
export function othersText(others: readonly OtherOutcome[]): string {
  return others
    .filter(({ error }) => error === null)
    .map(({ location, copied, damaged, storedBytesAdded }) => {
      const more = copied > 1 ? `, with ${copied - 1} that it had missed` : ''
      const lost = damaged > 0 ? `, ${damaged} damaged and not copied` : ''
      return `Copied to ${safeText(location)}${more}${lost}, stored as ${humanBytes(storedBytesAdded)}\n`
    })
    .join('')
}
