import { jsonTime } from '../../foundation/human.ts'
import type { Repository } from '../../repository/repository.ts'
import { writeJournal } from '../../repository/write-journal.ts'
import type { AlertState } from './alert.ts'
import { openAlerts, type AlertChange } from './alert-history.ts'

/**
 * Writes down what was raised or cleared since the last record of it, and returns just that: what has to be told. Nothing is written while
 * nothing changes. Two processes that find the same at once both write it, which `alertHistory` reads as one change.
 */
export async function recordAlertChanges(
  repository: Repository,
  states: readonly AlertState[],
): Promise<AlertChange[]> {
  const open = openAlerts(repository)
  const changes: AlertChange[] = []
  for (const { rule, is_raised, value, threshold, message } of states) {
    if (is_raised === open.has(rule)) continue
    const state = is_raised ? 'raised' : 'cleared'
    await writeJournal(repository, { kind: 'alert', rule, state, value, threshold, message })
    const at = jsonTime(repository.clock.nowMs()) ?? ''
    changes.push({ rule, state, at, value, threshold, message })
  }
  return changes
}
