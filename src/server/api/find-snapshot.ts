import { z } from '@hono/zod-openapi'

import type { Snapshot } from '../../model/snapshot.ts'
import type { Repository } from '../../repository/repository.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import type { ServerContext } from '../server-context.ts'

/** An id, a unique beginning of one, or `backup_<seconds>`; nothing else ever reaches the repository. */
export const snapshotName: z.ZodString = z
  .string()
  .regex(/^(?:[0-9a-f]{4,64}|backup_\d{1,15}|latest(?:~\d{1,9})?)$/, 'not the id of a snapshot')

export const snapshotParams: z.ZodObject<{ id: z.ZodString }> = z.object({
  id: snapshotName.openapi({ param: { name: 'id', in: 'path' }, example: 'backup_1790000000' }),
})

export interface FoundSnapshot {
  readonly repository: Repository
  readonly snapshot: Snapshot
}

/** @throws {HoldfastError} `SNAPSHOT_NOT_FOUND`, `SNAPSHOT_AMBIGUOUS` */
export async function findSnapshot(server: ServerContext, name: string): Promise<FoundSnapshot> {
  const repository = await server.held.current()
  return { repository, snapshot: resolveSnapshot(repository, name) }
}
