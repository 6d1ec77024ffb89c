import { describe, expect, it } from 'vitest'

import { renderMetrics } from '../../../src/monitoring/metrics.ts'
import { overviewOf } from '../../../src/monitoring/overview.ts'
import { snapshotOf } from '../catalogue/catalogue-fixtures.ts'
import { hourMs, memoryRepository, nowMs, thresholds } from './monitoring-fixtures.ts'

interface Family {
  help: string
  type: string
  samples: Map<string, number>
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"\})? (\S+)$/

/** Reads the text format 0.0.4 as strictly as `promtool check metrics`: HELP and TYPE before the samples, each family once. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let current = ''
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, comment, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (comment === 'HELP') {
      expect(name).toMatch(namePattern)
      expect(families.has(name), name).toBe(false)
      families.set(name, { help: rest, type: '', samples: new Map() })
      current = name
      continue
    }
    const family = families.get(current)
    if (family === undefined) throw new Error(`No family for ${line}`)
    if (comment === 'TYPE') {
      expect(name).toBe(current)
      family.type = rest
      continue
    }
    const [, sample, labels = '', value] = samplePattern.exec(line) ?? []
    expect(sample, line).toBe(current)
    expect(Number.isFinite(Number(value)), line).toBe(true)
    expect(family.samples.has(labels), line).toBe(false)
    family.samples.set(labels, Number(value))
  }
  return families
}

describe('the metrics', () => {
  it('are Prometheus text with help, type, units in the names, and true values', async () => {
    const repository = await memoryRepository()
    const startedAtMs = nowMs - 3 * hourMs
    repository.catalogue.snapshots.add(
      snapshotOf('a', { startedAtMs, endedAtMs: startedAtMs + 90_000 }),
    )
    const { text, contentType } = await renderMetrics(
      overviewOf(
        repository,
        { thresholds, plan: { fullBackupDays: 7, incrementalHours: 24 } },
        nowMs,
      ),
    )
    expect(contentType).toContain('text/plain')
    const families = parse(text)
    for (const [name, { help, type }] of families) {
      expect(name).toMatch(/^holdfast_/)
      expect(help, name).toMatch(/^[A-Z].*\.$/)
      expect(type, name).toBe('gauge')
      if (/time|duration/.test(name)) expect(name).toMatch(/_seconds$/)
      if (/size|stored|unique|source/.test(name)) expect(name).toMatch(/_bytes$/)
    }
    const value = (name: string, labels = ''): number | undefined =>
      families.get(name)?.samples.get(labels)
    expect(value('holdfast_protected')).toBe(1)
    expect(value('holdfast_alert_raised', '{rule="no_recent_backup"}')).toBe(0)
    expect(value('holdfast_last_success_timestamp_seconds', '{type="full"}')).toBe(
      startedAtMs / 1000,
    )
    expect(value('holdfast_backup_duration_seconds', '{type="full"}')).toBe(90)
    expect(value('holdfast_late', '{type="incremental"}')).toBe(0)
    expect(value('holdfast_due_timestamp_seconds', '{type="incremental"}')).toBe(
      (startedAtMs + 24 * hourMs) / 1000,
    )
  })

  it('count what stores were asked for, and have no counters where requests cost nothing', async () => {
    const overview = overviewOf(await memoryRepository(), { thresholds }, nowMs)
    const counts = { gets: 7, heads: 0, puts: 3, lists: 11, deletes: 1, wrongAnswers: 0 }
    const { text } = await renderMetrics(overview, {
      ...counts,
      uploadedBytes: 5_000_000_000,
      downloadedBytes: 12,
    })
    const families = parse(text)
    const requests = families.get('holdfast_store_requests_total')
    expect(requests?.type).toBe('counter')
    expect([...(requests?.samples ?? [])]).toEqual([
      ['{method="get"}', 7],
      ['{method="head"}', 0],
      ['{method="put"}', 3],
      ['{method="list"}', 11],
      ['{method="delete"}', 1],
    ])
    expect(families.get('holdfast_store_sent_bytes_total')?.samples.get('')).toBe(5_000_000_000)
    expect(families.get('holdfast_store_received_bytes_total')?.samples.get('')).toBe(12)
    for (const [name, { type }] of families) {
      expect(type, name).toBe(name.endsWith('_total') ? 'counter' : 'gauge')
    }
    expect((await renderMetrics(overview)).text).not.toContain('_total')
  })

  it('leave out what is not known, instead of a zero', async () => {
    const repository = await memoryRepository()
    const { text } = await renderMetrics(overviewOf(repository, { thresholds }, nowMs))
    const families = parse(text)
    expect(families.has('holdfast_last_drill_timestamp_seconds')).toBe(false)
    expect(families.has('holdfast_dedup_ratio')).toBe(false)
    expect(families.get('holdfast_protected')?.samples.get('')).toBe(0)
    expect(families.get('holdfast_alert_raised')?.samples.size).toBe(8)
  })
})
