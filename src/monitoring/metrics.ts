import type { Counter, Gauge, Registry } from 'prom-client'

import { alertRules } from '../model/alert-rule.ts'
import type { StoreRequests } from '../repository/store-requests.ts'
import type { Overview } from './overview.ts'

/** What `/metrics` answers. */
export interface RenderedMetrics {
  readonly contentType: string
  readonly text: string
}

/** One gauge: its name with the unit, what it means, and its values. What is null is left out, because 0 would be a lie. */
interface Measure {
  readonly name: string
  readonly help: string
  readonly label?: string
  readonly values: readonly (readonly [label: string, value: number | boolean | string | null])[]
}

/** The library is loaded only here, because only a server and one command need it. */
export async function loadMetricsLibrary(): Promise<typeof import('prom-client')> {
  return await import('prom-client')
}

/**
 * Writes an overview as Prometheus text.
 *
 * @param requests what stores were asked for since this process was started; null where requests cost nothing
 */
export async function renderMetrics(
  overview: Overview,
  requests: StoreRequests | null = null,
): Promise<RenderedMetrics> {
  const library = await loadMetricsLibrary()
  const { Gauge: GaugeClass, Registry: RegistryClass, Counter: CounterClass } = library
  const registry: Registry = new RegistryClass()
  for (const { name, help, label, values } of measuresOf(overview)) {
    const present = values.filter(([, value]) => value !== null)
    if (present.length === 0) continue
    const labelNames = label === undefined ? [] : [label]
    const gauge: Gauge = new GaugeClass({ name, help, labelNames, registers: [registry] })
    for (const [text, value] of present) {
      gauge.set(label === undefined ? {} : { [label]: text }, toNumber(value))
    }
  }
  for (const { name, help, label, values } of requests ? requestMeasures(requests) : []) {
    const labelNames = label === undefined ? [] : [label]
    const counter: Counter = new CounterClass({ name, help, labelNames, registers: [registry] })
    for (const [text, value] of values) {
      counter.inc(label === undefined ? {} : { [label]: text }, Number(value))
    }
  }
  return { contentType: registry.contentType, text: await registry.metrics() }
}

function requestMeasures(requests: StoreRequests): Measure[] {
  return [
    {
      name: 'holdfast_store_requests_total',
      help: 'Requests to stores by this server and its jobs, each try counted.',
      label: 'method',
      values: [
        ['get', requests.gets],
        ['head', requests.heads],
        ['put', requests.puts],
        ['list', requests.lists],
        ['delete', requests.deletes],
      ],
    },
    one(
      'holdfast_store_sent_bytes_total',
      'Bytes that were sent to stores.',
      requests.uploadedBytes,
    ),
    one(
      'holdfast_store_received_bytes_total',
      'Bytes that were received from stores.',
      requests.downloadedBytes,
    ),
  ]
}

/** A text is a time. */
function toNumber(value: number | boolean | string | null): number {
  return typeof value === 'string' ? Date.parse(value) / 1000 : Number(value)
}

function measuresOf(overview: Overview): Measure[] {
  return [
    ...stateMeasures(overview),
    ...typeMeasures(overview),
    ...freshnessMeasures(overview),
    ...storageMeasures(overview),
  ]
}

function stateMeasures({ verdict, alerts, statistics, ...overview }: Overview): Measure[] {
  const { last_check: check, last_drill: drill } = overview
  return [
    one('holdfast_protected', 'Whether no alert is raised.', verdict.is_protected),
    {
      name: 'holdfast_alert_raised',
      help: 'Whether the rule is raised.',
      label: 'rule',
      values: alertRules.map((rule) => [
        rule,
        alerts.some((alert) => alert.rule === rule && alert.is_raised),
      ]),
    },
    {
      name: 'holdfast_alert_since_timestamp_seconds',
      help: 'Since when the rule is raised.',
      label: 'rule',
      values: alerts.map(({ rule, since }) => [rule, since]),
    },
    {
      name: 'holdfast_backups',
      help: 'Backups and failed runs that are listed.',
      label: 'result',
      values: [
        ['successful', statistics.successful_backups],
        ['failed', statistics.failed_backups],
      ],
    },
    one(
      'holdfast_success_ratio',
      'Share of the listed ones that succeeded.',
      statistics.success_rate,
    ),
    one(
      'holdfast_backups_size_bytes',
      'Files of all backups together.',
      statistics.total_size_bytes,
    ),
    one(
      'holdfast_backups_files',
      'Number of files in all backups together.',
      statistics.total_files,
    ),
    one(
      'holdfast_last_check_timestamp_seconds',
      'When contents were last read and proved.',
      check?.at ?? null,
    ),
    one(
      'holdfast_last_check_success',
      'Whether that found everything intact.',
      check === null ? null : check.result === 'ok',
    ),
    one(
      'holdfast_last_drill_timestamp_seconds',
      'When a restore was last tried.',
      drill?.at ?? null,
    ),
    one(
      'holdfast_last_drill_success',
      'Whether that restore was right.',
      drill === null ? null : drill.result === 'ok',
    ),
  ]
}

function typeMeasures({ by_type: types }: Overview): Measure[] {
  const byType = (
    name: string,
    help: string,
    of: (type: Overview['by_type'][number]) => number | null,
  ): Measure => ({
    name,
    help,
    label: 'type',
    values: types.map((type) => [type.type, of(type)]),
  })
  return [
    byType('holdfast_type_backups', 'Backups that can be restored.', ({ backups }) => backups),
    byType(
      'holdfast_type_runs',
      'Runs that are known, deleted and failed ones included.',
      ({ runs }) => runs,
    ),
    byType('holdfast_type_failures', 'Runs that made no backup.', ({ failures }) => failures),
    byType(
      'holdfast_backup_size_bytes',
      'Files of the newest backup.',
      (type) => type.newest_size_bytes,
    ),
    byType(
      'holdfast_backup_files',
      'Number of files in the newest backup.',
      (type) => type.newest_files,
    ),
    byType(
      'holdfast_backup_duration_seconds',
      'How long the newest backup took.',
      (type) => type.newest_duration_seconds,
    ),
    byType(
      'holdfast_type_dedup_ratio',
      'Bytes of files for each new byte.',
      ({ dedup_ratio }) => dedup_ratio,
    ),
    byType(
      'holdfast_type_compression_ratio',
      'New bytes for each byte stored.',
      (type) => type.compression_ratio,
    ),
  ]
}

function freshnessMeasures({ freshness }: Overview): Measure[] {
  const byType = (
    name: string,
    help: string,
    of: (type: Overview['freshness'][number]) => string | boolean | null,
  ): Measure => ({
    name,
    help,
    label: 'type',
    values: freshness.map((type) => [type.type, of(type)]),
  })
  return [
    byType(
      'holdfast_last_success_timestamp_seconds',
      'Start of the newest backup.',
      (type) => type.last_success_at,
    ),
    byType(
      'holdfast_last_attempt_timestamp_seconds',
      'Start of the newest run.',
      (type) => type.last_attempt_at,
    ),
    byType(
      'holdfast_due_timestamp_seconds',
      'When the next backup is due by the schedule.',
      (type) => type.due_at,
    ),
    byType('holdfast_late', 'Whether it is late by the schedule.', ({ due_at, is_late }) =>
      due_at === null ? null : is_late,
    ),
  ]
}

function storageMeasures({ storage, repository }: Overview): Measure[] {
  return [
    one('holdfast_stored_bytes', 'Size of the packs.', storage.stored_bytes),
    one('holdfast_unique_bytes', 'Different data, before compression.', storage.unique_bytes),
    one(
      'holdfast_source_bytes',
      'Files of all backups, before deduplication.',
      storage.source_bytes,
    ),
    one('holdfast_dedup_ratio', 'Bytes of files for each different byte.', storage.dedup_ratio),
    one(
      'holdfast_compression_ratio',
      'Different bytes for each byte stored.',
      storage.compression_ratio,
    ),
    one('holdfast_encrypted', 'Whether the repository is encrypted.', repository.is_encrypted),
  ]
}

function one(name: string, help: string, value: number | boolean | string | null): Measure {
  return { name, help, values: [['', value]] }
}
