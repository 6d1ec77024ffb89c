import { installEnvironment } from './environment.ts'
import { installLightNatives, installStatementCache } from './light-natives.ts'

/**
 * Makes this process one that runs schedules, and nothing else from then on.
 *
 * @param natives `real` hashes and compresses as always; `light` takes stand-ins, which is twice as fast
 */
export async function installSimulation(
  natives: 'light' | 'real',
): Promise<typeof import('./schedule.ts')> {
  process.env['HOLDFAST_THREADS'] = '0'
  if (natives === 'light') installLightNatives()
  installStatementCache()
  installEnvironment()
  return await import('./schedule.ts')
}
