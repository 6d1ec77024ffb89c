import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlobClaims } from '../../src/repository/blob-claims.ts'
import { childScript } from '../support/built-engine.ts'
import { randomBytesOf } from '../support/random-bytes.ts'

/** Lets several threads claim the same ids at once. @returns which ids each of them got */
async function claimInThreads(ids: Buffer, slots: number, threads: number): Promise<number[][]> {
  const memory = BlobClaims.allocate(slots)
  const shared = new SharedArrayBuffer(ids.length)
  Buffer.from(shared).set(ids)
  const start = new SharedArrayBuffer(8)
  const flag = new Int32Array(start)
  const workers = Array.from(
    { length: threads },
    (_, seed) =>
      new Worker(childScript('claim-worker'), { workerData: { memory, ids: shared, start, seed } }),
  )
  const answers = workers.map(async (worker) => {
    const [won] = (await once(worker, 'message')) as [number[]]
    return won
  })
  while (Atomics.load(flag, 1) < threads) await new Promise((resolve) => setTimeout(resolve, 5))
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
  const won = await Promise.all(answers)
  await Promise.all(workers.map((worker) => worker.terminate()))
  return won
}

function timesClaimed(won: readonly number[][], count: number): Uint8Array {
  const times = new Uint8Array(count)
  for (const indexes of won) for (const index of indexes) times[index] += 1
  return times
}

describe('BlobClaims', () => {
  it('gives each of 100,000 ids to exactly one of four threads', async () => {
    const count = 100_000
    // On a busy machine one thread may be done before another has begun; that they meet is up to the kernel.
    for (let round = 0, haveMet = false; !haveMet; round++) {
      expect(round).toBeLessThan(20)
      const won = await claimInThreads(randomBytesOf(`claims ${round}`, count * 32), 2 ** 19, 4)
      expect(timesClaimed(won, count).every((times) => times === 1)).toBe(true)
      haveMet = won.filter(({ length }) => length > 0).length > 1
    }
  })

  it('gives ids that begin alike to exactly one thread each', async () => {
    // The same slot for all of a group, so that every claim has to look at its neighbours.
    const count = 20_000
    const ids = randomBytesOf('alike', count * 32)
    for (let index = 0; index < count; index++)
      ids.writeUInt32LE(Math.floor(index / 40) * 64, index * 32)
    const won = await claimInThreads(ids, 2 ** 17, 4)
    expect(timesClaimed(won, count).every((times) => times === 1)).toBe(true)
  })

  it('lets everybody have everything rather than lose anything when the table is full', async () => {
    const count = 5000
    const won = await claimInThreads(randomBytesOf('full', count * 32), 2 ** 10, 2)
    const times = timesClaimed(won, count)
    expect(times.every((claimed) => claimed >= 1 && claimed <= 2)).toBe(true)
    expect(times.filter((claimed) => claimed === 2).length).toBeGreaterThan(count / 2)
  })

  it('behaves like a set as long as it is not full', () => {
    const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.array(fc.oneof(id, fc.constant(Buffer.alloc(32)))), (ids) => {
        const claims = new BlobClaims(BlobClaims.allocate(1024))
        const model = new Set<string>()
        for (const candidate of [...ids, ...ids]) {
          const key = candidate.toString('hex')
          expect(claims.claim(candidate)).toBe(!model.has(key))
          model.add(key)
        }
        expect(claims.entryCount).toBe(model.size)
      }),
    )
  })

  it('refuses a table whose size is no power of two', () => {
    expect(() => new BlobClaims(BlobClaims.allocate(1000))).toThrow(RangeError)
  })
})
