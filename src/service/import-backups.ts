import type { ImportOptions, ImportResult } from '../operations/import/import-options.ts'
import { withAccess } from './access-log.ts'
import { operationsOf, type ServiceContext } from './service-context.ts'

export type ImportSource = Omit<ImportOptions, 'actor' | 'signal' | 'onEvent'>

/** Brings archives in; who did it is on record. A dry run changes nothing and leaves none. */
export async function importBackups(
  context: ServiceContext,
  source: ImportSource,
): Promise<ImportResult> {
  const { repository, signal, onEvent, actor } = context
  const work = (): Promise<ImportResult> =>
    operationsOf(context).importArchives(repository, { ...source, signal, onEvent, actor })
  if (source.dryRun === true) return await work()
  return await withAccess(context, { action: 'import', target: source.paths.join(' ') }, work)
}
