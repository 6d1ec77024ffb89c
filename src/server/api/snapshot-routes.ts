import { z } from '@hono/zod-openapi'

import { backupStatuses, type BackupRecord } from '../../model/backup-record.ts'
import { backupTypes } from '../../model/snapshot.ts'
import { listBackupRecords } from '../../monitoring/records/backup-records.ts'
import type { Repository } from '../../repository/repository.ts'
import { repositoryStatistics } from '../../operations/statistics/repository-statistics.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'
import { snapshotSchema } from './answer-schemas.ts'
import type * as answers from './answers.ts'
import { findSnapshot, snapshotParams } from './find-snapshot.ts'
import { orderRecords, recordOrders } from './order-records.ts'
import { pageOf, pageQuery, pageSchema } from './pages.ts'
import { snapshotJson, type SnapshotFacts } from './snapshot-json.ts'

const listQuery = z.object({
  ...pageQuery,
  type: z.enum(backupTypes).optional(),
  status: z.enum(backupStatuses).optional(),
  q: z.string().max(200).optional(),
  sort: z.enum(recordOrders).default('started_at'),
  order: z.enum(['asc', 'desc']).default('desc'),
})

const tag = 'snapshots'

export function addSnapshotRoutes(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots',
      tag,
      summary: 'Snapshots and failed runs, newest first unless another order is asked for',
      query: listQuery,
      answer: pageSchema(snapshotSchema),
    },
    async ({ query, context }) => {
      const needsStatistics = query.sort === 'exclusive_bytes'
      const repository = await (needsStatistics ? server.statistics : server.held).current()
      const name = `snapshots ${JSON.stringify(query)}`
      const { headers } = context.req.raw
      return server.answers.json(name, repository.catalogue.version(), headers, () =>
        listPage(repository, query),
      )
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots/{id}',
      tag,
      summary: 'One snapshot',
      params: snapshotParams,
      answer: snapshotSchema,
    },
    async ({ params }) => {
      const { repository, snapshot } = await findSnapshot(server, params.id)
      const record = listBackupRecords(repository).find(
        ({ metadata }) => metadata.snapshot_id === snapshot.id,
      )
      return record && snapshotJson(record, snapshot, null)
    },
  )
}

function listPage(repository: Repository, query: z.output<typeof listQuery>): unknown {
  const facts = new Map(repository.catalogue.snapshots.list().map((one) => [one.id as string, one]))
  const wanted = query.q?.toLowerCase() ?? ''
  const filtered = listBackupRecords(repository)
    .reverse()
    .filter(
      ({ backup_type: type, status }) =>
        (query.type === undefined || type === query.type) &&
        (query.status === undefined || status === query.status),
    )
  const chosen = orderRecords(filtered, {
    by: query.sort,
    isDescending: query.order === 'desc',
    exclusiveBytes: () =>
      new Map(
        repositoryStatistics(repository).bySnapshot.map((one) => [one.id, one.exclusiveBytes]),
      ),
  })
  const toJson = (record: BackupRecord): answers.Snapshot =>
    snapshotJson(record, factsOf(facts, record), null)
  if (wanted === '') {
    const page = pageOf(chosen, query)
    return { ...page, items: page.items.map(toJson) }
  }
  return pageOf(
    chosen.map(toJson).filter((snapshot) => searchedText(snapshot).includes(wanted)),
    query,
  )
}

function factsOf(
  facts: ReadonlyMap<string, SnapshotFacts>,
  { metadata }: BackupRecord,
): SnapshotFacts | undefined {
  return facts.get(metadata.snapshot_id ?? '')
}

function searchedText(snapshot: answers.Snapshot): string {
  const { id, backup_id, hostname, description, error, tags, paths } = snapshot
  return [id ?? '', backup_id, hostname, description, error ?? '', ...tags, ...paths]
    .join('\n')
    .toLowerCase()
}
