import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { CrashStep, CrashTask } from '../../support/children/crash-child.ts'
import type { SoakContext } from '../frame/soak.ts'
import { createRepository } from './crash-repository.ts'
import { openSourceFolder } from './source-folder.ts'

/** Everything once, so that all code is compiled. */
export async function warmUpTasks({ folder, random }: SoakContext): Promise<CrashTask[]> {
  const own = mkdtempSync(join(folder, 'warm-'))
  const repository = await createRepository(join(own, 'repository'), true)
  const { location, cacheDirectory, passphrase } = repository
  const source = openSourceFolder(own, 'warm', random)
  const save: CrashStep = { do: 'snapshot', source: source.path, description: '' }
  const prune: CrashStep = { do: 'prune', graceMs: 0 }
  const steps: CrashStep[] = [save, { do: 'undelete' }, { do: 'repair' }, prune, { do: 'verify' }]
  return [
    {
      location,
      cacheDirectory,
      ...(passphrase !== undefined && { passphrase }),
      threads: 0,
      order: 'count/0',
      steps: [...steps, ...steps],
    },
  ]
}
