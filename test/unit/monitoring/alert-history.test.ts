import { describe, expect, it } from 'vitest'

import { alertHistory, openAlerts } from '../../../src/monitoring/alerts/alert-history.ts'
import { evaluateAlerts } from '../../../src/monitoring/alerts/evaluate-alerts.ts'
import { recordAlertChanges } from '../../../src/monitoring/alerts/record-alert-changes.ts'
import { verdict } from '../../../src/monitoring/verdict.ts'
import { backup, failure, memoryRepository, nowMs, thresholds } from './monitoring-fixtures.ts'

const missing = evaluateAlerts({ records: [backup(72)], thresholds, nowMs })
const fine = evaluateAlerts({ records: [backup(1)], thresholds, nowMs })

describe('the history of alerts', () => {
  it('holds changes only, and gives those that are new', async () => {
    const repository = await memoryRepository()
    const journal = () => repository.catalogue.journal.list({ kind: 'alert' }).length
    expect(await recordAlertChanges(repository, fine)).toEqual([])
    expect(journal()).toBe(0)
    const raised = await recordAlertChanges(repository, missing)
    expect(raised).toMatchObject([{ rule: 'no_recent_backup', state: 'raised', value: 72 }])
    expect(await recordAlertChanges(repository, missing)).toEqual([])
    expect([...openAlerts(repository).keys()]).toEqual(['no_recent_backup'])
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(await recordAlertChanges(repository, fine)).toMatchObject([{ state: 'cleared' }])
    expect(openAlerts(repository).size).toBe(0)
    expect(alertHistory(repository).map(({ state }) => state)).toEqual(['cleared', 'raised'])
    expect(alertHistory(repository, { limit: 1 })).toHaveLength(1)
  })

  it('is the same when two processes find the same at once', async () => {
    const repository = await memoryRepository()
    await Promise.all([
      recordAlertChanges(repository, missing),
      recordAlertChanges(repository, missing),
    ])
    expect(repository.catalogue.journal.list({ kind: 'alert' })).toHaveLength(2)
    expect(alertHistory(repository)).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 2))
    await Promise.all([recordAlertChanges(repository, fine), recordAlertChanges(repository, fine)])
    expect(alertHistory(repository)).toHaveLength(2)
    expect(openAlerts(repository).size).toBe(0)
  })
})

describe('the verdict', () => {
  it('is one sentence', () => {
    const records = [backup(3), backup(30, {}, { verified_at: null })]
    const alerts = evaluateAlerts({ records, thresholds, nowMs })
    expect(verdict({ records, alerts, nowMs })).toEqual({
      is_protected: true,
      sentence: 'All protected: 2 backups, 1 verified, the newest 3 h 00 min old',
      reasons: [],
    })
  })

  it('names the worst and why, and counts the others', () => {
    const records = [backup(72), failure(1)]
    const alerts = evaluateAlerts({ records, thresholds, nowMs })
    expect(verdict({ records, alerts, nowMs })).toEqual({
      is_protected: false,
      sentence:
        'Attention needed: no recent backup and 2 more alerts, because the newest backup is 3 d 00 h old, more than 2 d 00 h',
      reasons: [
        'The newest backup is 3 d 00 h old, more than 2 d 00 h',
        '1 of 2 runs in 30 days failed (50 %, allowed 10 %)',
        '1 of 2 runs in 30 days made an intact backup (50 %, needed 90 %)',
      ],
    })
  })
})
