import { jsonTime } from '../../foundation/human.ts'
import type { JournalRecord } from '../../model/journal-record.ts'
import type { Repository } from '../../repository/repository.ts'
import { numberField, textField } from '../records/journal-fields.ts'
import { alertRules, type AlertRule } from '../../model/alert-rule.ts'

/** A rule that was raised, or cleared. */
export interface AlertChange {
  readonly rule: AlertRule
  readonly state: 'raised' | 'cleared'
  /** ISO 8601 */
  readonly at: string
  readonly value: number | null
  readonly threshold: number | null
  readonly message: string
}

/** Changes out of the journal, newest first. Of two processes that found the same, the first has told it: the second changed nothing. */
export function alertHistory(
  repository: Repository,
  options: { readonly limit?: number } = {},
): AlertChange[] {
  const changes: AlertChange[] = []
  const states = new Map<AlertRule, AlertChange['state']>()
  for (const { record } of repository.catalogue.journal.list({ kind: 'alert' }).reverse()) {
    const change = changeIn(record)
    if (change === undefined) continue
    // Before its first record a rule was not raised.
    if ((states.get(change.rule) ?? 'cleared') === change.state) continue
    states.set(change.rule, change.state)
    changes.push(change)
  }
  return changes.reverse().slice(0, options.limit)
}

/** The rules that are raised by what the journal says, and since when, in milliseconds. */
export function openAlerts(repository: Repository): Map<AlertRule, number> {
  const open = new Map<AlertRule, number>()
  for (const { rule, state, at } of alertHistory(repository).reverse()) {
    if (state === 'raised') open.set(rule, Date.parse(at))
    else open.delete(rule)
  }
  return open
}

function changeIn(record: JournalRecord): AlertChange | undefined {
  const rule = alertRules.find((known) => known === record['rule'])
  const { state } = record
  const at = jsonTime(record.atMs)
  if (rule === undefined || at === null || (state !== 'raised' && state !== 'cleared')) {
    return undefined
  }
  return {
    rule,
    state,
    at,
    value: numberField(record, 'value') ?? null,
    threshold: numberField(record, 'threshold') ?? null,
    message: textField(record, 'message'),
  }
}
