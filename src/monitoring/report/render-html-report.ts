import { createHash } from 'node:crypto'

import {
  counted,
  humanBytes,
  humanCount,
  humanDuration,
  humanTime,
} from '../../foundation/human.ts'
import { alertNames } from '../../model/alert-rule.ts'
import { barChart, lineChart, rowChart } from './charts.ts'
import { escapeHtml } from './escape-html.ts'
import {
  htmlCard,
  htmlKey,
  htmlSection,
  htmlTable,
  type Cell,
  type Html,
  type Tone,
} from './html-parts.ts'
import { pageStyle } from './page-style.ts'
import type { Report } from './report.ts'

/**
 * Writes a report as one page that needs nothing else: no script, no request, charts as SVG. Everything out of the repository is escaped, and
 * the policy of the page would keep a script from running all the same.
 */
export function renderHtmlReport(report: Report): string {
  const hash = createHash('sha256').update(pageStyle).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const body = [
    heading(report),
    verdictHtml(report),
    cards(report),
    htmlSection('The last 30 days', strip(report)),
    charts(report),
    htmlSection('Types', types(report)),
    htmlSection('Alerts', alerts(report)),
    htmlSection('Newest runs', recent(report)),
  ]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<title>Backup report</title>',
    `<style>${pageStyle}</style></head>`,
    `<body><main>${body.join('\n')}</main></body></html>`,
    '',
  ].join('\n')
}

function heading({ at, repository }: Report): Html {
  const place = `${repository.location} · ${repository.is_encrypted ? 'encrypted' : 'not encrypted'}`
  return `<header><h1>Backup report</h1><p class="soft">${escapeHtml(`${timeText(at)} · ${place}`)}</p></header>`
}

function verdictHtml({ verdict }: Report): Html {
  const reasons = verdict.reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('')
  const list = verdict.reasons.length > 1 ? `<ul>${reasons}</ul>` : ''
  const tone: Tone = verdict.is_protected ? 'good' : 'bad'
  return `<div class="verdict ${tone}">${escapeHtml(verdict.sentence)}${list}</div>`
}

function cards({ statistics, storage, growth, ...report }: Report): Html {
  const { last_drill: drill, last_check: check } = report
  const age = growth.newest_age_seconds
  const cardsHtml = [
    htmlCard(
      'Newest backup',
      age === null ? 'none' : `${humanDuration(age * 1000)} ago`,
      `${counted(statistics.recent_backups_7d, 'run')} in 7 days`,
    ),
    htmlCard(
      'Success rate',
      statistics.total_backups === 0 ? '–' : percent(statistics.success_rate),
      `${humanCount(statistics.failed_backups)} of ${humanCount(statistics.total_backups)} failed`,
    ),
    htmlCard(
      'Stored',
      humanBytes(storage.stored_bytes),
      `for ${humanBytes(storage.source_bytes)} in all backups`,
    ),
    htmlCard(
      'Deduplication',
      times(storage.dedup_ratio),
      `compression ${times(storage.compression_ratio)}`,
    ),
    htmlCard('Last check', check === null ? 'none' : check.result, timeText(check?.at ?? null)),
    htmlCard('Last drill', drill === null ? 'none' : drill.result, timeText(drill?.at ?? null)),
  ]
  return `<div class="cards">${cardsHtml.join('')}</div>`
}

function strip({ days }: Report): Html {
  const cells = days.map(({ date, runs, failures, missed }) => {
    const tone: Tone = failures > 0 ? 'bad' : missed > 0 ? 'warn' : runs > 0 ? 'good' : 'none'
    // Marks beside the colours, for those who cannot tell them apart.
    const mark = { bad: '×', warn: '–', good: String(runs), none: '' }[tone]
    const told = `${date}: ${counted(runs, 'run')}, ${failures} failed, ${missed} missed`
    return `<li class="${tone}" title="${escapeHtml(told)}">${mark}</li>`
  })
  const key = htmlKey([
    ['good', 'backed up'],
    ['bad', 'failed (×)'],
    ['warn', 'missed (–)'],
    ['none', 'nothing planned'],
  ])
  return `<ul class="strip">${cells.join('')}</ul>${key}`
}

function charts({ days, storage, by_type }: Report): Html {
  const added = days.map(({ date, bytes_added }) => ({ date, value: bytes_added }))
  const stored = storage.trend.map(({ date, stored_bytes }) => ({ date, value: stored_bytes }))
  const source = storage.trend.map(({ date, source_bytes }) => ({ date, value: source_bytes }))
  const trend =
    lineChart(
      'Storage over the last 30 days',
      [{ name: 'stored', style: 'first', values: stored }],
      humanBytes,
    ) + htmlKey([['first', 'stored in the repository']])
  const files =
    lineChart(
      'Files of all backups over the last 30 days',
      [{ name: 'files', style: 'second', values: source }],
      humanBytes,
    ) + htmlKey([['second', 'files of all backups, before deduplication']])
  const newest = by_type.map(({ type, newest_size_bytes }) => ({
    name: type,
    value: newest_size_bytes ?? 0,
  }))
  const typeBars = rowChart('Size of the newest backup of each type', newest, humanBytes)
  return (
    `<div class="pair">${htmlSection('Added each day', barChart('Bytes added each day', added, humanBytes))}` +
    `${htmlSection('Storage', trend)}${htmlSection('Growth of the files', files)}${htmlSection('Newest backup of each type', typeBars)}</div>`
  )
}

function types({ by_type, freshness }: Report): Html {
  const columns = [
    { title: 'Type' },
    { title: 'State' },
    { title: 'Newest' },
    { title: 'Due' },
    { title: 'Backups', kind: 'number' },
    { title: 'Failed', kind: 'number' },
    { title: 'Newest size', kind: 'number' },
    { title: 'Growth a day', kind: 'number' },
    { title: 'Dedup.', kind: 'number' },
    { title: 'Compr.', kind: 'number' },
    { title: 'Takes', kind: 'number' },
    { title: 'Runs a week', kind: 'number' },
  ] as const
  const known = freshness.filter(
    ({ type, due_at }) => due_at !== null || by_type.some((one) => one.type === type),
  )
  if (known.length === 0) return nothing('No backup was made or planned yet')
  const rows = known.map((fresh): Cell[] => {
    const growth = by_type.find(({ type }) => type === fresh.type)
    const seconds = growth?.average_duration_seconds ?? null
    return [
      fresh.type,
      stateOf(fresh),
      timeText(fresh.last_success_at),
      timeText(fresh.due_at),
      humanCount(growth?.backups ?? 0),
      humanCount(growth?.failures ?? 0),
      bytesText(growth?.newest_size_bytes ?? null),
      signedBytes(growth?.growth_bytes_per_day ?? null),
      times(growth?.dedup_ratio ?? null),
      times(growth?.compression_ratio ?? null),
      seconds === null ? '–' : humanDuration(seconds * 1000),
      (growth?.runs_per_week ?? 0).toFixed(1),
    ]
  })
  return htmlTable(columns, rows)
}

function stateOf({ is_late, due_at, last_success_at }: Report['freshness'][number]): Cell {
  if (is_late) return { mark: 'warn', text: 'late' }
  if (due_at !== null && last_success_at === null) return { mark: 'none', text: 'due' }
  return due_at === null ? { mark: 'none', text: 'by hand' } : { mark: 'good', text: 'in time' }
}

function alerts({ alerts: states, alert_history: history }: Report): Html {
  const columns = [
    { title: 'Alert' },
    { title: 'State' },
    { title: 'Since' },
    { title: 'Finding', kind: 'text' },
  ] as const
  const now = htmlTable(
    columns,
    states.map(({ rule, is_raised, since, message }): Cell[] => [
      alertNames[rule],
      is_raised ? { mark: 'bad', text: 'raised' } : { mark: 'good', text: 'fine' },
      timeText(since),
      message,
    ]),
  )
  if (history.length === 0) return now
  const before = htmlTable(
    [
      { title: 'When' },
      { title: 'Alert' },
      { title: 'Change' },
      { title: 'Finding', kind: 'text' },
    ],
    history
      .slice(0, 10)
      .map(({ at, rule, state, message }) => [timeText(at), alertNames[rule], state, message]),
  )
  return `${now}<h2 class="later">History</h2>${before}`
}

function recent({ recent: records }: Report): Html {
  if (records.length === 0) return nothing('There was no run yet')
  const tones: Readonly<Record<string, Tone>> = { verified: 'good', failed: 'bad' }
  const rows = records.map((record): Cell[] => [
    minutes(record.created_at * 1000),
    record.backup_type,
    { mark: tones[record.status] ?? 'none', text: record.status },
    bytesText(record.size_bytes),
    humanCount(record.file_count),
    bytesText(record.metadata.stored_bytes_added ?? null),
    record.description,
  ])
  return htmlTable(
    [
      { title: 'Time' },
      { title: 'Type' },
      { title: 'Status' },
      { title: 'Size', kind: 'number' },
      { title: 'Files', kind: 'number' },
      { title: 'Added', kind: 'number' },
      { title: 'Description', kind: 'text' },
    ],
    rows,
  )
}

function nothing(text: string): Html {
  return `<p class="soft">${escapeHtml(text)}</p>`
}

function timeText(at: string | null): string {
  return at === null || at === '' ? '–' : minutes(Date.parse(at))
}

/** Seconds would only make the tables wider. */
function minutes(ms: number): string {
  return humanTime(ms).slice(0, 16)
}

function bytesText(bytes: number | null): string {
  return bytes === null ? '–' : humanBytes(bytes)
}

function signedBytes(bytes: number | null): string {
  if (bytes === null) return '–'
  return `${bytes < 0 ? '−' : '+'}${humanBytes(Math.abs(bytes))}`
}

function times(ratio: number | null): string {
  return ratio === null ? '–' : `${ratio.toFixed(1)}×`
}

function percent(rate: number): string {
  return `${Math.round(rate * 1000) / 10} %`
}
