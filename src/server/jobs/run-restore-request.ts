import { HoldfastError } from '../../foundation/errors.ts'
import { kindOf } from '../../operations/browse/entry-kind-word.ts'
import type { Overwrite } from '../../operations/restore/restore-options.ts'
import { findPath } from '../../repository/find-entry.ts'
import { resolveSnapshot } from '../../repository/resolve-snapshot.ts'
import { restoreBackup, type BackupRestored } from '../../service/restore-backup.ts'
import type { ServiceContext } from '../../service/service-context.ts'
import { checkRestoreTarget } from '../security/restore-target.ts'
import type { JobResult } from './job.ts'
import type { RestoreJobRequest } from './job-request.ts'

/** Restores a snapshot, or a selection of it, to where the configuration allows. */
export async function runRestoreRequest(
  context: ServiceContext,
  request: RestoreJobRequest,
): Promise<JobResult> {
  const { repository, configuration } = context
  const snapshot = resolveSnapshot(repository, request.snapshot)
  // Looked at once more just before: what it was when the request came may have changed while it waited.
  const target = checkRestoreTarget(configuration, snapshot, request.target)
  const options = {
    snapshot,
    ...(target !== undefined && { target: Buffer.from(target) }),
    overwrite: overwriteOf(request.overwrite),
    dryRun: request.dry_run,
    verify: request.verify,
  }
  const { paths = [], paths_base64: bytes = [] } = request
  const all = [...paths.map((path) => Buffer.from(path)), ...bytes.map(fromBase64)]
  // Each has to be there, which a pattern alone would not tell.
  for (const path of all) findPath(repository, snapshot, path)
  if (bytes.length === 0) {
    const includes = all.map((path) => patternOf(context, snapshot, path))
    return restoredJson([await restoreBackup(context, { ...options, includes })], request)
  }
  const results: BackupRestored[] = []
  for (const path of all) {
    const place =
      target === undefined ? {} : { target: placeBelow(context, snapshot, { target, path }) }
    results.push(await restoreBackup(context, { ...options, ...place, path }))
  }
  return restoredJson(results, request)
}

type Chosen = ReturnType<typeof resolveSnapshot>

function overwriteOf(overwrite: RestoreJobRequest['overwrite']): Overwrite {
  if (typeof overwrite === 'string') return overwrite
  return overwrite ? 'always' : 'never'
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

/** A pattern for just this path and what is below it. */
function patternOf({ repository }: ServiceContext, snapshot: Chosen, path: Buffer): string {
  const found = findPath(repository, snapshot, path)
  const components = found.kind === 'root' ? [] : found.components
  if (components.length === 0) return '/*'
  return components
    .map((name) => `/${name.toString().replaceAll(/[\\*?[\]{}()!+@| ]/g, '\\$&')}`)
    .join('')
}

/** A folder that is named gives its contents to the target, so that the target has to be the folder's own place below it. */
function placeBelow(
  { repository }: ServiceContext,
  snapshot: Chosen,
  { target, path }: { readonly target: string; readonly path: Buffer },
): Buffer {
  const found = findPath(repository, snapshot, path)
  if (found.kind === 'root') return Buffer.from(target)
  const isFolder = kindOf(found.page.mode(found.index)) === 'directory'
  const folders = isFolder ? found.components : found.components.slice(0, -1)
  return Buffer.concat([
    Buffer.from(target),
    ...folders.flatMap((name) => [Buffer.from('/'), name]),
  ])
}

function restoredJson(
  results: readonly BackupRestored[],
  { dry_run }: RestoreJobRequest,
): JobResult {
  const last = results.at(-1)
  if (last === undefined) throw new HoldfastError('USAGE', 'Cannot restore: no path is given')
  const sum = (of: (result: BackupRestored) => number): number =>
    results.reduce((total, result) => total + of(result), 0)
  return {
    restore_id: last.restoreId,
    backup_id: last.snapshot.backupId,
    snapshot_id: last.snapshot.id,
    files_restored: sum(({ filesRestored }) => filesRestored),
    files_unchanged: sum(({ filesUnchanged }) => filesUnchanged),
    files_skipped: sum(({ filesSkipped }) => filesSkipped),
    bytes_restored: sum(({ bytesRestored }) => bytesRestored),
    bytes_unchanged: sum(({ bytesUnchanged }) => bytesUnchanged),
    error_count: sum(({ errors }) => errors),
    dry_run,
  }
}
