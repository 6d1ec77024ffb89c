import { startThread } from '../../src/foundation/start-thread.ts'
import type { LookUpWork } from './look-up-worker.ts'

/** @returns microseconds that one look-up took, in each of so many threads that work at once */
export async function measureLookUps(work: LookUpWork, threads: number): Promise<number> {
  const seconds = await Promise.all(Array.from({ length: threads }, () => lookUp(work)))
  return (Math.max(...seconds) / work.count) * 1e6
}

function lookUp(work: LookUpWork): Promise<number> {
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
