import { z } from '@hono/zod-openapi'

import { overviewOf } from '../../monitoring/overview.ts'
import { alertHistory } from '../../monitoring/alerts/alert-history.ts'
import { listRestoreRecords } from '../../monitoring/records/restore-records.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'
import { nextRuns } from './system-routes.ts'
import {
  accessRecordSchema,
  alertsSchema,
  overviewSchema,
  restoreRecordSchema,
} from './answer-schemas.ts'
import type * as answers from './answers.ts'
import { accessJson, restoreJson } from './journal-json.ts'
import { pageOf, pageQuery, pageSchema } from './pages.ts'

const tag = 'monitoring'

export function addMonitoringRoutes(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/overview',
      tag,
      summary: 'The state of everything',
      answer: overviewSchema,
    },
    async () => {
      const repository = await server.held.current()
      const overview = overviewOf(repository, server.monitoring, server.nowMs())
      return { ...overview, next_runs: await nextRuns(server) } satisfies answers.Overview
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/alerts',
      tag,
      summary: 'Alerts now, and what was raised and cleared',
      answer: alertsSchema,
    },
    async () => {
      const repository = await server.held.current()
      const { alerts } = overviewOf(repository, server.monitoring, server.nowMs())
      const history = alertHistory(repository, { limit: 1000 })
      return { items: alerts, history } satisfies answers.Alerts
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/restores',
      tag,
      summary: 'Restores, newest first',
      query: z.object(pageQuery),
      answer: pageSchema(restoreRecordSchema),
    },
    async ({ query }) => {
      const repository = await server.held.current()
      const page = pageOf(listRestoreRecords(repository).reverse(), query)
      return { ...page, items: page.items.map(restoreJson) }
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/access-log',
      tag,
      summary: 'Who did what, newest first',
      query: z.object(pageQuery),
      answer: pageSchema(accessRecordSchema),
    },
    async ({ query }) => {
      const repository = await server.held.current()
      const page = pageOf(repository.catalogue.journal.list({ kind: 'access' }), query)
      return { ...page, items: page.items.map(({ record }) => accessJson(record)) }
    },
  )
}
