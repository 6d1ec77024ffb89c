/**
 * Opens new catalogues in several threads at the same moment. @argv folder, number of catalogues. Writes how often one could not be opened.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

import { openCatalogue } from '../../../src/catalogue/catalogue.ts'

const threads = 4

interface Shared {
  readonly folder: string
  readonly rounds: number
  /** How many have come to a round, and how often one failed. */
  readonly counts: Int32Array
}

function openAll({ folder, rounds, counts }: Shared): void {
  for (let round = 0; round < rounds; round++) {
    Atomics.add(counts, 0, 1)
    while (Atomics.load(counts, 0) < threads * (round + 1));
    try {
      openCatalogue(join(folder, `${round}.db`)).close()
    } catch (error) {
      Atomics.add(counts, 1, 1)
      process.stderr.write(`${String(error)}\n`)
    }
  }
}

if (isMainThread) {
  const [folder, rounds] = process.argv.slice(2)
  const counts = new Int32Array(new SharedArrayBuffer(8))
  const shared: Shared = { folder, rounds: Number(rounds), counts }
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL(import.meta.url), { workerData: shared }),
  )
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  process.stdout.write(String(counts[1]))
} else openAll(workerData as Shared)
