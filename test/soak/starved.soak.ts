import { StarvedWorld, type Shortage } from '../support/starved/starved-run.ts'
import type { Soak } from './frame/soak.ts'

/** Commands of the real program with too little of something, drawn by the seed. */
export const soak: Soak = {
  proves:
    'with too small a heap, address space, file size or number of descriptors, or with threads that die, a command succeeds or ends with an error;\n' +
    'no snapshot is there that was not acknowledged, nothing hangs, and the same command succeeds without the shortage',
  takes: 'about 10 min',
  unit: 'runs',
  countDefault: 200,
  run: async (context) => {
    const world = new StarvedWorld(context.folder)
    await world.prepare()
    const figures: Record<string, number> = { 'slowest, ms': 0 }
    let done = 0
    while (done < context.count && !context.isOver()) {
      const shortage = drawShortage(context.random)
      const operation = context.random() < 0.7 ? 'snapshot' : 'restore'
      const { ended, tookMs, problems } = await world.run(operation, shortage)
      for (const problem of problems)
        context.violation(`${operation}, ${shortage.name}: ${problem}`)
      const key = `${shortage.name.replace(/\d+/, 'N')}: ${ended === 0 ? 'done' : 'ended with an error'}`
      figures[key] = (figures[key] ?? 0) + 1
      figures['slowest, ms'] = Math.max(figures['slowest, ms'], tookMs)
      done += 1
      context.progress(done, shortage.name)
    }
    return { done, figures }
  },
}

function drawShortage(random: () => number): Shortage {
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low))
  switch (between(0, 4)) {
    case 0: {
      const heapMiB = between(4, 64)
      return { name: `heap-${heapMiB}-MiB`, heapMiB }
    }
    case 1: {
      const threadsDieAfterMs = between(0, 400)
      return { name: `threads-die-after-${threadsDieAfterMs}-ms`, threadsDieAfterMs }
    }
    case 2: {
      const mebibytes = between(700, 3000)
      return { name: `address-space-${mebibytes}-MiB`, ulimit: `-v ${mebibytes * 1024}` }
    }
    case 3: {
      const kibibytes = between(1, 8000)
      return { name: `file-size-${kibibytes}-KiB`, ulimit: `-f ${kibibytes}` }
    }
    default: {
      const descriptors = between(20, 80)
      return {
        name: `descriptors-${descriptors}`,
        ulimit: `-n ${descriptors}`,
        mustSucceed: descriptors >= 64,
      }
    }
  }
}
