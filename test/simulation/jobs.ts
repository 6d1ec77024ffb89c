import { prune, type PruneOptions } from '../../src/operations/prune/prune.ts'
import { forgetSnapshots } from '../../src/operations/retention/forget-snapshots.ts'
import { undeleteSnapshots } from '../../src/operations/retention/undelete-snapshots.ts'
import { chooseParent } from '../../src/operations/snapshot/choose-parent.ts'
import { saveSnapshot } from '../../src/operations/snapshot/save-snapshot.ts'
import { openParentDirectories } from '../../src/repository/parent-directories.ts'
import { catchUp } from '../../src/repository/catch-up.ts'
import { rootOf } from '../../src/repository/find-entry.ts'
import { listForgotten } from '../../src/repository/list-forgotten.ts'
import { repairCatalogue } from '../../src/repository/repair-catalogue.ts'
import type { Repository } from '../../src/repository/repository.ts'
import type { SnapshotId } from '../../src/model/ids.ts'
import type { Random } from './random.ts'
import type { SimProcess } from './sim-process.ts'
import { readSource, storeSource, type Needs, type Source } from './sources.ts'
import { underLease } from '../../src/repository/under-lease.ts'

/** What a process is to do. */
export type Job =
  | { readonly kind: 'backup'; readonly source: Source }
  | { readonly kind: 'prune'; readonly options: PruneOptions }
  | { readonly kind: 'forget'; readonly keepLast: number }
  | { readonly kind: 'undelete' }
  | { readonly kind: 'restore'; readonly id?: string }
  | { readonly kind: 'repair' }

/** What a process has done when it says so. */
export type Done =
  | { readonly kind: 'saved'; readonly id: string; readonly needs: Needs; readonly source: Source }
  | { readonly kind: 'undeleted'; readonly ids: readonly string[]; readonly sinceMs: number }
  | { readonly kind: 'restored'; readonly id: string; readonly files: ReadonlyMap<string, string> }
  | { readonly kind: 'done' }

const nothing: Done = { kind: 'done' }

/** Runs a job as its command does: opening looks what there is, then the operation locks and looks again. */
export async function runJob(
  repository: Repository,
  process: SimProcess,
  job: Job,
  random: Random,
): Promise<Done> {
  if (random.chance(0.3)) repository.noteUnusable(await catchUp(repository))
  switch (job.kind) {
    case 'backup':
      return await backUp(repository, process, job.source)
    case 'prune':
      await prune(repository, job.options)
      return nothing
    case 'forget':
      return await forget(repository, job.keepLast)
    case 'undelete':
      return await undelete(repository, process, random)
    case 'restore':
      return await restore(repository, process, job.id, random)
    default:
      await repairCatalogue(repository)
      return nothing
  }
}

/** As `operations/snapshot/snapshot.ts`; only what reads the file system is another. */
async function backUp(repository: Repository, process: SimProcess, source: Source): Promise<Done> {
  const { hostname, base, paths } = { hostname: process.host, base: '/', paths: ['/'] }
  const startedAtMs = Date.now()
  return await underLease(repository, 'shared', 'snapshot', async (lease) => {
    let needs: Needs = new Set()
    const { saved } = await saveSnapshot(repository, lease, {
      signal: undefined,
      onEvent: undefined,
      chooseParent: () => chooseParent(repository, { hostname, base, paths }),
      store: async ({ parent, trustsParent, session }) => {
        const openParent = openParentDirectories(repository)
        const stored = storeSource(
          source,
          {
            storeData: (bytes) => session.store.storeData(bytes),
            storeTree: (bytes) => session.store.storeTree(bytes),
            openParent: (id, bytes) => ({ [Symbol.iterator]: () => openParent(id, bytes) }),
            readAll: !trustsParent,
          },
          parent ? rootOf(parent) : null,
        )
        needs = stored.needs
        return stored.root
      },
      manifest: ({ parent, root, blobCounts, packBytes }) => ({
        version: 1,
        type: 'incremental',
        startedAtMs,
        endedAtMs: Date.now(),
        hostname,
        username: 'user',
        base,
        paths,
        tree: { id: root.id.toString('hex'), bytes: root.bytes },
        parentId: parent?.id ?? null,
        description: '',
        tags: [],
        excludes: [],
        statistics: {
          files: source.size,
          directories: 3,
          others: 0,
          bytes: 0,
          newFiles: 0,
          changedFiles: 0,
          unchangedFiles: 0,
          ...blobCounts,
          storedBytesAdded: packBytes,
          unreadable: 0,
        },
        unreadable: [],
        program: 'simulation',
      }),
    })
    return { kind: 'saved', id: saved.id, needs, source }
  })
}

async function forget(repository: Repository, keepLast: number): Promise<Done> {
  repository.noteUnusable(await catchUp(repository))
  const all = repository.catalogue.snapshots.list()
  await forgetSnapshots(repository, all.slice(0, Math.max(0, all.length - keepLast)))
  return nothing
}

async function undelete(
  repository: Repository,
  process: SimProcess,
  random: Random,
): Promise<Done> {
  const sinceMs = process.worldMs
  const forgotten = await listForgotten(repository)
  if (forgotten.length === 0) return nothing
  const ids: SnapshotId[] = [random.pick(forgotten).snapshot.id]
  await undeleteSnapshots(repository, ids)
  return { kind: 'undeleted', ids, sinceMs }
}

/** Reads one snapshot whole, file by file, through the readers that every restore uses. */
async function restore(
  repository: Repository,
  process: SimProcess,
  wanted: string | undefined,
  random: Random,
): Promise<Done> {
  return await underLease(repository, 'shared', 'restore', async () => {
    const all = repository.catalogue.snapshots.list()
    if (all.length === 0) return nothing
    const snapshot = repository.catalogue.snapshots.get(
      (wanted ?? random.pick(all).id) as SnapshotId,
    )
    if (!snapshot) return nothing
    process.restoresId = snapshot.id
    // Others are at work between any two reads of a restore.
    const pause = (): Promise<unknown> => repository.storage.listNames('keys')
    return {
      kind: 'restored',
      id: snapshot.id,
      files: await readSource(repository, snapshot, pause),
    }
  })
}
