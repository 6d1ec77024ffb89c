/** One thread that asks a catalogue for blobs, as each worker of a backup does. */
import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'

import { BlobLookup } from '../../src/catalogue/blob-lookup.ts'
import { ChunkIds } from '../datasets/large-catalogue.ts'

export interface LookUpWork {
  readonly path: string
  /** The catalogue knows so many chunks. */
  readonly chunks: number
  readonly count: number
  readonly isPresent: boolean
}

export interface LookUpCost {
  readonly seconds: number
  /** Of the whole process, all threads. */
  readonly cpuSeconds: number
}

const { path, chunks, count, isPresent } = workerData as LookUpWork
const source = new ChunkIds()
const ids = Array.from({ length: count }, () =>
  isPresent ? source.of(Math.floor(Math.random() * chunks), 1) : randomBytes(32),
)
const lookup = new BlobLookup(path)
const cpuBefore = process.cpuUsage()
const started = performance.now()
let found = 0
for (const id of ids) if (lookup.hasBlob(id)) found += 1
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpuBefore)
lookup.close()
if (found !== (isPresent ? count : 0)) throw new RangeError(`${found} of ${count} were found`)
const cost: LookUpCost = { seconds, cpuSeconds: (user + system) / 1e6 }
parentPort?.postMessage(cost)
