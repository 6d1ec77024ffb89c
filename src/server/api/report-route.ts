import { z } from '@hono/zod-openapi'

import { humanBytes } from '../../foundation/human.ts'
import { renderHtmlReport } from '../../monitoring/report/render-html-report.ts'
import { reportOf, type Report } from '../../monitoring/report/report.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'

/** The page has no script and one style, which it names itself; the dashboard shows it in a frame. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox",
  'x-frame-options': 'SAMEORIGIN',
}

export function addReportRoute(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/report',
      tag: 'monitoring',
      summary: 'The report, as data, page or text',
      query: z.object({ format: z.enum(['json', 'html', 'text']).default('json') }),
    },
    async ({ query: { format } }) => {
      const repository = await server.held.current()
      const report = reportOf(repository, server.monitoring, server.nowMs())
      if (format === 'html') return new Response(renderHtmlReport(report), { headers: pageHeaders })
      if (format === 'json') return report
      const headers = { 'content-type': 'text/plain; charset=utf-8' }
      return new Response(summaryText(report), { headers })
    },
  )
}

/** What a mail or a ticket wants; the command's text has tables of everything. */
function summaryText({ at, verdict, statistics, storage, alerts, repository }: Report): string {
  const { dedup_ratio: dedup, stored_bytes: stored, source_bytes: source } = storage
  const raised = alerts.filter(({ is_raised }) => is_raised)
  return [
    `Report of ${at} on ${repository.location}`,
    '',
    verdict.sentence,
    ...verdict.reasons.map((reason) => `  ${reason}`),
    '',
    `Backups        ${statistics.total_backups}, ${statistics.failed_backups} failed`,
    `Success rate   ${(statistics.success_rate * 100).toFixed(1)} %`,
    `Files          ${statistics.total_files}, ${humanBytes(source)}`,
    `Stored         ${humanBytes(stored)}${dedup === null ? '' : `, deduplicated ${dedup.toFixed(1)} to 1`}`,
    `Alerts         ${raised.length === 0 ? 'none' : ''}`,
    ...raised.map(({ rule, message }) => `  ${rule}: ${message}`),
    '',
  ].join('\n')
}
