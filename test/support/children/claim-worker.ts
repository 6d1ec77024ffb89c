/** Claims ids in an order of its own and tells which it got (test/property/claims.test.ts). */
import { parentPort, workerData } from 'node:worker_threads'
import { BlobClaims } from '../../../src/repository/blob-claims.ts'
import { seededRandom } from '../faulty-storage.ts'

interface ClaimTask {
  readonly memory: SharedArrayBuffer
  readonly ids: SharedArrayBuffer
  readonly start: SharedArrayBuffer
  readonly seed: number
}

const { memory, ids, start, seed } = workerData as ClaimTask
const claims = new BlobClaims(memory)
const count = ids.byteLength / 32
const random = seededRandom(seed)
// All begin at once, and near each other in the list, so that they meet.
const order = Uint32Array.from({ length: count }, (_, index) => index)
for (let index = 0; index < count; index++) {
  const other = Math.min(count - 1, index + Math.floor(random() * 16))
  const swap = order[index]
  order[index] = order[other]
  order[other] = swap
}
const won: number[] = []
const flag = new Int32Array(start)
Atomics.add(flag, 1, 1)
Atomics.wait(flag, 0, 0)
for (const index of order) {
  if (claims.claim(Buffer.from(ids, index * 32, 32))) won.push(index)
}
parentPort?.postMessage(won)
