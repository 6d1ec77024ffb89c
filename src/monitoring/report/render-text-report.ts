import { escapeText } from '../../foundation/escape-bytes.ts'
import { humanBytes, humanCount, humanDuration } from '../../foundation/human.ts'
import { formatPairs, formatTable, type Column, type TableStyle } from '../../foundation/table.ts'
import { alertNames } from '../../model/alert-rule.ts'
import { alertTable } from './alert-table.ts'
import type { Report } from './report.ts'
import { isoText, statisticsPairs } from './statistics-pairs.ts'

const typeColumns: readonly Column[] = [
  { title: 'Type' },
  { title: 'State' },
  { title: 'Newest' },
  { title: 'Due', dropOrder: 3 },
  { title: 'Backups', align: 'right' },
  { title: 'Failed', align: 'right' },
  { title: 'Size', align: 'right' },
  { title: 'Growth/day', align: 'right', dropOrder: 2 },
  { title: 'Dedup', align: 'right', dropOrder: 4 },
  { title: 'Takes', align: 'right', dropOrder: 1 },
]

/** The report as text: what `holdfast report` prints and `format=text` of the server answers. */
export function renderTextReport(report: Report, style: TableStyle): string {
  const { storage, growth, repository } = report
  const pairs: [string, string][] = [
    ['Repository', escapeText(repository.location)],
    ...statisticsPairs(report),
    [
      'Stored',
      `${humanBytes(storage.stored_bytes)} for ${humanBytes(storage.source_bytes)}, deduplication ${timesText(storage.dedup_ratio)}, compression ${timesText(storage.compression_ratio)}`,
    ],
    [
      'Growth',
      `${signedText(growth.growth_bytes_per_day)} a day, ${growth.runs_per_week.toFixed(1)} runs a week`,
    ],
    ['30 days', stripText(report)],
  ]
  const parts = [
    `${escapeText(report.verdict.sentence)}\n`,
    formatPairs(pairs),
    alertTable(report, style),
    typeTable(report, style),
    historyTable(report, style),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** One character for each day, today last. */
function stripText({ days }: Report): string {
  const marks = days.map(({ runs, failures, missed }) =>
    failures > 0 ? 'x' : missed > 0 ? '-' : runs > 0 ? '#' : '.',
  )
  return `${marks.join('')}  (# backed up, x failed, - missed, . nothing)`
}

function typeTable({ by_type, freshness }: Report, style: TableStyle): string {
  const rows = freshness.flatMap(({ type, last_success_at, due_at, is_late }) => {
    const growth = by_type.find((one) => one.type === type)
    if (growth === undefined && due_at === null) return []
    const seconds = growth?.average_duration_seconds ?? null
    const state = is_late ? 'late' : due_at === null ? 'by hand' : 'in time'
    return [
      [
        type,
        state,
        isoText(last_success_at),
        isoText(due_at),
        humanCount(growth?.backups ?? 0),
        humanCount(growth?.failures ?? 0),
        humanBytes(growth?.newest_size_bytes ?? 0),
        signedText(growth?.growth_bytes_per_day ?? null),
        timesText(growth?.dedup_ratio ?? null),
        seconds === null ? '-' : humanDuration(seconds * 1000),
      ],
    ]
  })
  return rows.length === 0 ? '' : formatTable(typeColumns, rows, style)
}

function historyTable({ alert_history }: Report, style: TableStyle): string {
  if (alert_history.length === 0) return ''
  const columns = [{ title: 'When' }, { title: 'Alert' }, { title: 'Change' }, { title: 'Why' }]
  const rows = alert_history
    .slice(0, 10)
    .map(({ at, rule, state, message }) => [
      isoText(at),
      alertNames[rule],
      state,
      escapeText(message),
    ])
  return formatTable(columns, rows, style)
}

function timesText(ratio: number | null): string {
  return ratio === null ? '-' : `${ratio.toFixed(1)} times`
}

function signedText(bytes: number | null): string {
  if (bytes === null) return '-'
  return `${bytes < 0 ? '-' : '+'}${humanBytes(Math.abs(bytes))}`
}
