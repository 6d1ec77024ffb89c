import { decodeMsMax, fuzzedDecoders, fuzzOnce, heapBytesMax } from '../support/forge/decoders.ts'
import type { Soak } from './frame/soak.ts'

/** Mutants between two looks at the time and the memory. */
const batch = 500

/** What the key's owner can seal: objects that are wrong inside of true seals, for every decoder. */
export const soak: Soak = {
  proves:
    `Every decoder takes or refuses any bytes under a true seal with a typed error, in at most ${decodeMsMax} ms, and keeps less than ` +
    `${heapBytesMax / 2 ** 20} MiB.`,
  takes: 'about 5 min',
  unit: 'mutants',
  countDefault: 5_000_000,
  async run({ count, random, isOver, progress, violation }) {
    const done: Record<string, number> = Object.fromEntries(
      fuzzedDecoders.map(({ name }) => [name, 0]),
    )
    let total = 0
    const before = process.memoryUsage()
    let peakBytes = 0
    for (let turn = 0; total < count && !isOver(); turn++) {
      const decoder = fuzzedDecoders[turn % fuzzedDecoders.length]
      for (let mutant = 0; mutant < batch && total < count; mutant++) {
        const found = fuzzOnce(decoder, random)
        if (found !== undefined) violation(found)
        done[decoder.name] += 1
        total += 1
      }
      const { heapUsed } = process.memoryUsage()
      peakBytes = Math.max(peakBytes, heapUsed - before.heapUsed)
      if (heapUsed - before.heapUsed > heapBytesMax) {
        globalThis.gc?.()
        if (process.memoryUsage().heapUsed - before.heapUsed > 4 * heapBytesMax) {
          violation(`${decoder.name}: ${heapUsed} bytes of heap are in use`)
        }
      }
      progress(total, decoder.name)
      // oxlint-disable-next-line no-await-in-loop -- signals get through
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { done: total, figures: { ...done, 'heap MiB': Math.round(peakBytes / 2 ** 20) } }
  },
}
