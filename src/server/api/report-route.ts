import { z } from '@hono/zod-openapi'

import { plainTable } from '../../foundation/table.ts'
import { renderHtmlReport } from '../../monitoring/report/render-html-report.ts'
import { renderTextReport } from '../../monitoring/report/render-text-report.ts'
import { reportOf } from '../../monitoring/report/report.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'
import { reportSchema } from './answer-schemas.ts'

/** The page has no script and one style, which it names itself; the dashboard shows it in a frame. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox",
  'x-frame-options': 'SAMEORIGIN',
}

const textHeaders = { 'content-type': 'text/plain; charset=utf-8' }

export function addReportRoute(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/report',
      tag: 'monitoring',
      summary: 'The report, as data, page or text',
      query: z.object({ format: z.enum(['json', 'html', 'text']).default('json') }),
      answer: reportSchema,
    },
    async ({ query: { format } }) => {
      const repository = await server.held.current()
      const report = reportOf(repository, server.monitoring, server.nowMs())
      if (format === 'html') return new Response(renderHtmlReport(report), { headers: pageHeaders })
      if (format === 'json') return report
      return new Response(renderTextReport(report, plainTable), { headers: textHeaders })
    },
  )
}
