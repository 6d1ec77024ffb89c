import { startThread } from '../../src/foundation/start-thread.ts'
import type { LookUpCost, LookUpWork } from './look-up-worker.ts'

/** @returns microseconds that one look-up took, by the clock in each of so many threads that work at once, and of a processor */
export async function measureLookUps(
  work: LookUpWork,
  threads: number,
): Promise<{ readonly clock: number; readonly cpu: number }> {
  const costs = await Promise.all(Array.from({ length: threads }, () => lookUp(work)))
  const clock = Math.max(...costs.map(({ seconds }) => seconds)) / work.count
  const cpu = Math.max(...costs.map(({ cpuSeconds }) => cpuSeconds)) / (work.count * threads)
  return { clock: clock * 1e6, cpu: cpu * 1e6 }
}

function lookUp(work: LookUpWork): Promise<LookUpCost> {
  const thread = startThread({
    entryUrl: new URL('./look-up-worker.ts', import.meta.url).href,
    data: { ...work },
    youngGenerationMb: 16,
  })
  return new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
  })
}
