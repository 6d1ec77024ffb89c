import { z } from '@hono/zod-openapi'

import { graceMsDefault } from '../../model/retention-policy.ts'
import { deletionStatistics } from '../../operations/statistics/deletion-statistics.ts'
import {
  repositoryStatistics,
  type SpaceUse,
} from '../../operations/statistics/repository-statistics.ts'
import type { SnapshotId } from '../../model/ids.ts'
import type { Repository } from '../../repository/repository.ts'
import { planRetention } from '../../operations/retention/plan-retention.ts'
import { listForgotten } from '../../repository/list-forgotten.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { configPolicy } from '../../service/config-policy.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import { HttpError } from '../http-error.ts'
import type { ServerContext } from '../server-context.ts'
import { deletionSchema, forgottenSchema, retentionSchema, spaceSchema } from './answer-schemas.ts'
import type * as answers from './answers.ts'
import { snapshotName } from './find-snapshot.ts'
import { pageOf, pageQuery, pageSchema } from './pages.ts'
import { absoluteText, timeText } from './path-text.ts'
import { pathText } from './snapshot-json.ts'

const tag = 'space'

export function addSpaceRoutes(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/stats',
      tag,
      summary: 'How the space is used',
      answer: spaceSchema,
    },
    async () => {
      const statistics = repositoryStatistics(await server.statistics.current())
      const { totals } = statistics
      return {
        snapshots: totals.snapshots,
        source_bytes: totals.sourceBytes,
        unique_bytes: totals.uniqueBytes,
        needed_bytes: totals.neededBytes,
        unused_bytes: totals.unusedBytes,
        stored_bytes: totals.storedBytes,
        dedup_ratio: totals.dedupRatio,
        compression_ratio: totals.compressionRatio,
        is_complete: statistics.isComplete,
        by_type: statistics.byType.map(({ type, snapshots, ...use }) => ({
          type,
          snapshots,
          ...useJson(use),
        })),
        by_snapshot: statistics.bySnapshot.map(({ id, backupId, ...use }) => ({
          id,
          backup_id: backupId,
          ...useJson(use),
        })),
        by_folder: statistics.byFolder.map(
          ({ path, sourceBytes, neededBytes, exclusiveBytes }) => ({
            path: path === null ? null : absoluteText(path),
            bytes: sourceBytes,
            stored_bytes: neededBytes,
            exclusive_bytes: exclusiveBytes,
          }),
        ),
      } satisfies answers.SpaceStatistics
    },
  )
  addDeletion(app, server)
  addForgotten(app, server)
}

function useJson({ exclusiveBytes, sharedBytes }: SpaceUse): answers.SpaceUse {
  return { exclusive_bytes: exclusiveBytes, shared_bytes: sharedBytes }
}

function addDeletion(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/stats/deletion',
      tag,
      summary: 'What deleting snapshots together would free',
      query: z.object({ ids: z.string().min(1).max(70_000) }),
      answer: deletionSchema,
    },
    async ({ query }) => {
      const repository = await server.statistics.current()
      const ids = query.ids.split(',').map((name) => {
        if (!snapshotName.safeParse(name).success) {
          throw new HttpError(400, 'INVALID_REQUEST', 'Cannot use ids: not the id of a snapshot')
        }
        return resolveSnapshot(repository, name).id
      })
      const { freedBytes, sharedBytes, snapshots } = deletionStatistics(repository, ids)
      return { freed_bytes: freedBytes, shared_bytes: sharedBytes, snapshots }
    },
  )
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/retention/preview',
      tag,
      summary: 'What a cleanup would keep and delete, and why',
      answer: retentionSchema,
    },
    async () => {
      const repository = await server.held.current()
      const nowMs = server.nowMs()
      const groups = planRetention(repository.catalogue.snapshots.list(), {
        ...configPolicy(server.configuration),
        trustTimes: false,
        nowMs,
        clientNowMs: nowMs,
      })
      const decisions = groups.flatMap((group) => group.decisions)
      const gone = decisions.filter(({ isKept }) => !isKept).map(({ snapshot }) => snapshot.id)
      // The decisions need not wait for what they free.
      const isReady = gone.length === 0 || server.statistics.areReady(repository)
      return {
        items: decisions.map(({ snapshot, isKept, reasons }) => ({
          backup_id: snapshot.backupId,
          id: snapshot.id,
          type: snapshot.type,
          started_at: timeText(snapshot.startedAtMs / 1000),
          keep: isKept,
          reasons,
        })),
        freed_bytes: isReady ? freedBy(repository, gone) : null,
        is_computing: !isReady,
      } satisfies answers.RetentionPreview
    },
  )
}

function freedBy(repository: Repository, ids: readonly SnapshotId[]): number {
  return ids.length === 0 ? 0 : deletionStatistics(repository, ids).freedBytes
}

/** Registered before `/snapshots/{id}`, whose ids it is none of. */
export function addForgotten(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots/forgotten',
      tag: 'snapshots',
      summary: 'Deleted snapshots that can be brought back, newest first',
      query: z.object(pageQuery),
      answer: pageSchema(forgottenSchema),
    },
    async ({ query }) => {
      const forgotten = await listForgotten(server.held.handle)
      const page = pageOf(forgotten.reverse(), query)
      const items = page.items.map(({ snapshot, forgottenAtMs }): answers.Forgotten => ({
        id: snapshot.id,
        backup_id: snapshot.backupId,
        type: snapshot.type,
        started_at: timeText(snapshot.startedAtMs / 1000),
        description: snapshot.description,
        hostname: snapshot.hostname,
        files: snapshot.statistics.files,
        bytes: snapshot.statistics.bytes,
        paths: snapshot.paths.map(pathText),
        forgotten_at: timeText(forgottenAtMs / 1000),
        expires_at: timeText((forgottenAtMs + graceMsDefault) / 1000),
      }))
      return { ...page, items }
    },
  )
}
