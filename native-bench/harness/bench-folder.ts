import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { BenchError } from './bench-error.ts'

/** The bench's own folder, outside the checkout: data sets, peers, work and results. */
export function benchFolder(): string {
  return resolve(process.env['HOLDFAST_BENCH_DIR'] ?? '/var/tmp/holdfast-bench')
}

/**
 * Keeps two runs from removing each other's work.
 * @returns Gives the folder free again.
 * @throws {BenchError} When another bench is running in it.
 */
export function lockBenchFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const lockPath = join(folder, 'bench.lock')
  try {
    writeFileSync(lockPath, String(process.pid), { flag: 'wx' })
  } catch {
    const owner = Number(readFileSync(lockPath, 'utf8'))
    if (isRunning(owner))
      throw new BenchError(`Another bench, process ${owner}, is running in "${folder}"`)
    writeFileSync(lockPath, String(process.pid))
  }
  return () => rmSync(lockPath, { force: true })
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return processId > 0
  } catch {
    return false
  }
}
