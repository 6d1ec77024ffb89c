import { z } from '@hono/zod-openapi'

import {
  diffInSlices,
  type Change,
  type DiffSummary,
  type WholeDiff,
} from '../../operations/browse/diff-snapshots.ts'
import { kindOf } from '../../operations/browse/entry-kind-word.ts'
import { fileHistory } from '../../operations/browse/file-history.ts'
import { findPaths } from '../../operations/browse/find-paths.ts'
import { listDirectory } from '../../operations/browse/list-directory.ts'
import type { ListedEntry } from '../../operations/browse/list-tree.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { addRoute, type ServerApp } from '../add-route.ts'
import type { ServerContext } from '../server-context.ts'
import { diffSchema, searchSchema, treeSchema, versionSchema } from './answer-schemas.ts'
import type * as answers from './answers.ts'
import { DirectoryOrders } from './directory-orders.ts'
import { changeQuery, filterChanges } from './filter-changes.ts'
import { findSnapshot, snapshotName, snapshotParams } from './find-snapshot.ts'
import { pageOf, pageQuery, pageSchema } from './pages.ts'
import {
  absoluteBase64,
  absoluteText,
  base64Unless,
  pathBytes,
  pathQuery,
  timeText,
} from './path-text.ts'

const tag = 'files'

export function addBrowseRoutes(app: ServerApp, server: ServerContext): void {
  addTree(app, server)
  addSearch(app, server)
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/history',
      tag,
      summary: 'Versions of a file over all snapshots, newest first',
      query: z.object({ ...pageQuery, ...pathQuery }),
      answer: pageSchema(versionSchema),
    },
    async ({ query }) => {
      const repository = await server.held.current()
      const page = pageOf(fileHistory(repository, pathBytes(query)), query)
      const items = page.items.map((version): answers.Version => ({
        snapshot_id: version.snapshots[0].id,
        backup_id: version.snapshots[0].backupId,
        at: timeText(version.snapshots[0].startedAtMs / 1000),
        path: absoluteText(version.path),
        path_base64: absoluteBase64(version.path),
        kind: version.kind,
        size: version.size,
        mtime: timeText(version.mtimeSeconds, version.mtimeNs),
        content_id: version.contentId,
        is_rename: version.isRename,
        snapshots: version.snapshots.length,
      }))
      return { ...page, items }
    },
  )
  addDiff(app, server)
}

function addTree(app: ServerApp, server: ServerContext): void {
  const orders = new DirectoryOrders()
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/snapshots/{id}/tree',
      tag,
      summary: 'A folder of a snapshot, in the order of names unless another is asked for',
      params: snapshotParams,
      query: z.object({
        ...pageQuery,
        ...pathQuery,
        offset: z.coerce.number().int().min(0).optional(),
        sort: z.enum(['name', 'size', 'mtime']).default('name'),
        order: z.enum(['asc', 'desc']).default('asc'),
      }),
      answer: treeSchema,
    },
    async ({ params, query }) => {
      const { repository, snapshot } = await findSnapshot(server, params.id)
      const { limit, cursor, offset } = query
      const path = pathBytes(query)
      const order = { by: query.sort, isDescending: query.order === 'desc' }
      const listing =
        (await orders.list(repository, { snapshot, path, order }, query)) ??
        listDirectory(repository, snapshot, path, {
          limit,
          ...(cursor !== undefined && { cursor }),
          ...(offset !== undefined && { offset }),
        })
      return {
        path: absoluteText(listing.path),
        path_base64: absoluteBase64(listing.path),
        items: listing.items.map(entryJson),
        next_cursor: listing.nextCursor,
        total: listing.total,
      }
    },
  )
}

function entryJson(entry: ListedEntry): answers.Entry {
  const name = entry.path.subarray(entry.path.lastIndexOf(0x2f) + 1)
  return {
    name: name.toString('utf8'),
    name_base64: base64Unless(name),
    kind: kindOf(entry.mode),
    size: entry.size,
    mode: entry.mode,
    mtime: timeText(entry.mtimeSeconds, entry.mtimeNs),
    link_target: entry.linkTarget?.toString('utf8') ?? null,
  }
}

function addSearch(app: ServerApp, server: ServerContext): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/search',
      tag,
      summary: 'Paths by a part of the name or a pattern, over all snapshots',
      query: z.object({
        ...pageQuery,
        q: z.string().min(1).max(1000),
        snapshot: snapshotName.optional(),
        kind: z.enum(['file', 'directory', 'symlink', 'other']).optional(),
      }),
      answer: searchSchema,
    },
    async ({ query }) => {
      const repository = await server.held.current()
      const { q: pattern, kind, limit, cursor } = query
      const chosen = query.snapshot && [resolveSnapshot(repository, query.snapshot).id]
      const found = findPaths(repository, {
        pattern,
        ignoreCase: true,
        limit,
        ...(cursor !== undefined && { cursor }),
        ...(chosen && { snapshotIds: chosen }),
        ...(kind !== undefined && { kinds: [kind] }),
      })
      const items = found.items.map((entry): answers.Found => ({
        path: absoluteText(entry.path),
        path_base64: absoluteBase64(entry.path),
        snapshot_ids: entry.snapshotIds,
        snapshots: entry.snapshots,
        size: entry.size,
        mtime: timeText(entry.mtimeSeconds, entry.mtimeNs),
        kind: entry.kind,
      }))
      const { matches: total, isComplete: is_complete } = found
      return { items, next_cursor: found.nextCursor, total, is_complete }
    },
  )
}

/** Those that come first in the order of paths. More are not told: nobody reads them, and they are held in memory. */
const changesMax = 200_000

function addDiff(app: ServerApp, server: ServerContext): void {
  let last: { readonly key: string; readonly whole: Promise<WholeDiff> } | undefined
  addRoute(
    app,
    {
      method: 'get',
      path: '/api/v1/diff',
      tag,
      summary: 'What changed from one snapshot to another',
      query: z.object({
        ...pageQuery,
        ...pathQuery,
        ...changeQuery,
        from: snapshotName,
        to: snapshotName,
      }),
      answer: diffSchema,
    },
    async ({ query }) => {
      const repository = await server.held.current()
      const from = resolveSnapshot(repository, query.from)
      const to = resolveSnapshot(repository, query.to)
      const path = pathBytes(query)
      const key = `${from.id} ${to.id} ${path.toString('hex')}`
      // Pages of one answer come one after the other.
      if (last?.key !== key) {
        const options = { path, metadata: true, changesMax }
        const whole = diffInSlices(repository, [from, to], options)
        last = { key, whole }
        // What failed is tried again by whoever asks next.
        whole.catch(() => {
          if (last?.whole === whole) last = undefined
        })
      }
      const { changes, summary } = await last.whole
      const page = pageOf(filterChanges(changes, query), query)
      return {
        ...page,
        items: page.items.map(changeJson),
        summary: { ...summaryJson(summary), listed: changes.length },
      }
    },
  )
}

function changeJson({ change, path, oldPath, oldSize, newSize, kind }: Change): answers.Change {
  return {
    change,
    path: absoluteText(path),
    path_base64: absoluteBase64(path),
    old_path: oldPath === null ? null : absoluteText(oldPath),
    old_size: oldSize,
    new_size: newSize,
    kind,
  }
}

function summaryJson({
  bytesAdded,
  bytesRemoved,
  ...counts
}: DiffSummary): Omit<answers.ChangeSummary, 'listed'> {
  return { ...counts, bytes_added: bytesAdded, bytes_removed: bytesRemoved }
}
